//! Disclaimers, gateway warnings, list and scanner footers.

use std::sync::LazyLock;

use super::line::{Line, Role};
use crate::fold::Phrases;

/// How much a phrase proves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Weight {
    /// Alone enough to call the paragraph a disclaimer.
    Sure,
    /// Two of these do.
    Hint,
    /// A warning put on top by a gateway.
    Banner,
    /// Appended by lists and scanners.
    Appended,
}

static PHRASES: LazyLock<Phrases<Weight>> = LazyLock::new(|| {
    Phrases::new(&[
        (
            Weight::Banner,
            &[
                "this email originated from outside",
                "this message originated from outside",
                "this e-mail originated from outside",
                "this mail originated from outside",
                "email came from outside",
                "came from an external",
                "external email:",
                "external sender",
                "caution: external",
                "caution: this email",
                "caution: this message",
                "[external email]",
                "*external*",
                "external message",
                "do not click links or open attachments unless",
                "do not click on links or",
                "do not click any links",
                "you don't often get email from",
                "you do not often get email from",
                "some people who received this message don't often get email",
                "learn why this is important",
                "diese e-mail stammt von",
                "diese nachricht stammt von einem externen",
                "externe e-mail",
                "achtung: diese e-mail",
                "sie erhalten nicht haufig e-mails von",
                "sie erhalten nicht oft e-mails von",
                "sie erhalten nicht oft eine e-mail",
                "erfahren sie, warum dies wichtig ist",
                "ce courriel provient de l'exterieur",
                "cet e-mail provient de l'exterieur",
                "ce message provient de l'exterieur",
                "attention : courriel externe",
                "expediteur externe",
                "vous ne recevez pas souvent",
                "vous n'obtenez pas souvent",
                "este correo electronico se origino fuera",
                "este correo proviene de",
                "no suele recibir correo",
                "no obtiene correo",
                "non si riceve spesso",
                "non ricevi spesso",
                "messaggio proveniente dall'esterno",
                "este email foi enviado de fora",
                "voce nao recebe",
                "nao costuma receber",
                "u ontvangt niet vaak",
                "deze e-mail is afkomstig van buiten",
                "du far inte ofta",
                "du far ikke ofte",
                "ta wiadomosc pochodzi spoza",
                "nie otrzymujesz czesto",
                "внимание: внешн",
                "письмо получено от внешнего",
                "вы нечасто получаете",
                "外部からのメール",
                "外部邮件",
                "此邮件来自外部",
                "您通常不会收到",
                "외부 메일",
            ],
        ),
        (
            Weight::Sure,
            &[
                "this email and any files transmitted",
                "this e-mail and any files transmitted",
                "this message and any attachments",
                "this email and any attachments",
                "this e-mail and any attachments",
                "this email (including any attachments)",
                "this e-mail (including any attachments)",
                "the information contained in this",
                "the contents of this email",
                "the contents of this e-mail",
                "the content of this email",
                "the content of this e-mail",
                "intended solely for",
                "intended only for the",
                "for the sole use of the intended",
                "for the exclusive use of",
                "if you are not the intended recipient",
                "if you are not the addressee",
                "if you have received this email in error",
                "if you have received this e-mail in error",
                "if you have received this message in error",
                "if you received this email in error",
                "if you received this in error",
                "confidentiality notice",
                "confidentiality note",
                "legally privileged",
                "privileged and confidential",
                "confidential and privileged",
                "please consider the environment",
                "think before you print",
                "think green",
                "before printing this",
                "disclaimer:",
                "email disclaimer",
                "e-mail disclaimer",
                "unauthorised use, disclosure",
                "unauthorized use, disclosure",
                "unauthorized review, use",
                "diese e-mail enthalt vertrauliche",
                "diese e-mail enthaelt vertrauliche",
                "diese nachricht enthalt vertrauliche",
                "diese mail enthalt vertrauliche",
                "diese e-mail und alle anhange",
                "diese e-mail ist vertraulich",
                "vertrauliche und/oder rechtlich",
                "wenn sie nicht der richtige adressat",
                "wenn sie nicht der beabsichtigte",
                "sollten sie nicht der",
                "irrtumlich erhalten",
                "irrtuemlich erhalten",
                "der inhalt dieser e-mail",
                "das unerlaubte kopieren",
                "bitte denken sie an die umwelt",
                "bitte prufen sie, ob diese mail",
                "vertraulichkeitshinweis",
                "schutzen sie unsere umwelt",
                "ce message et toutes les pieces jointes",
                "ce message et ses pieces jointes",
                "ce message electronique et",
                "ce courriel et ses",
                "ce message est confidentiel",
                "ce courriel est confidentiel",
                "si vous avez recu ce message par erreur",
                "si vous avez recu ce courriel par erreur",
                "si vous n'etes pas le destinataire",
                "si vous n'etes pas destinataire",
                "pensez a l'environnement",
                "pensez a l'environement",
                "n'imprimez",
                "avis de confidentialite",
                "a l'intention exclusive",
                "a l'attention exclusive",
                "este mensaje y sus archivos adjuntos",
                "este mensaje y los archivos",
                "este correo electronico y sus",
                "este correo y sus",
                "este mensaje contiene informacion",
                "si usted no es el destinatario",
                "si no es usted el destinatario",
                "si ha recibido este mensaje por error",
                "si ha recibido este correo por error",
                "si recibe este mensaje por error",
                "aviso de confidencialidad",
                "aviso legal",
                "antes de imprimir",
                "cuide el medio ambiente",
                "clausula de confidencialidad",
                "proteccion de datos",
                "questo messaggio e gli eventuali",
                "questo messaggio e i suoi allegati",
                "le informazioni contenute in questo",
                "le informazioni contenute nella presente",
                "il presente messaggio",
                "la presente e-mail",
                "la presente comunicazione",
                "se non siete il destinatario",
                "se avete ricevuto questo messaggio per errore",
                "se avete ricevuto questa",
                "qualora non foste",
                "prima di stampare",
                "informativa privacy",
                "d.lgs",
                "gdpr 2016/679",
                "avviso di riservatezza",
                "esta mensagem e seus anexos",
                "esta mensagem e quaisquer",
                "esta mensagem pode conter",
                "este e-mail e seus anexos",
                "as informacoes contidas",
                "a informacao contida",
                "se voce nao e o destinatario",
                "caso voce nao seja",
                "se nao for o destinatario",
                "recebeu esta mensagem por engano",
                "recebido esta mensagem por engano",
                "aviso de confidencialidade",
                "antes de imprimir este",
                "pense no meio ambiente",
                "dit bericht kan vertrouwelijke",
                "deze e-mail en de",
                "dit e-mailbericht",
                "de informatie verzonden met",
                "de informatie in deze e-mail",
                "indien u niet de beoogde",
                "als u niet de geadresseerde",
                "uitsluitend bestemd voor",
                "denk aan het milieu",
                "aan deze e-mail kunnen geen",
                "detta e-postmeddelande",
                "detta meddelande ar avsett",
                "om du inte ar avsedd mottagare",
                "denne e-posten",
                "denne e-mail er",
                "denne mail er",
                "hvis du ikke er den tiltenkte",
                "denne e-mail kan indeholde",
                "tanke pa miljon",
                "tama sahkoposti on tarkoitettu",
                "tama viesti on luottamuksellinen",
                "niniejsza wiadomosc",
                "ta wiadomosc zawiera informacje",
                "ta wiadomosc e-mail",
                "tresc tej wiadomosci",
                "jezeli nie jesteś",
                "jesli nie sa panstwo",
                "jezeli nie sa panstwo",
                "zanim wydrukujesz",
                "klauzula poufnosci",
                "informacje zawarte w niniejsz",
                "administratorem danych",
                "tato zprava je urcena",
                "tento e-mail a",
                "tato e-mailova zprava",
                "obsah tohoto e-mailu",
                "nejste-li zamyslenym",
                "pred vytisknutim",
                "tento email a jeho prilohy",
                "ez az uzenet bizalmas",
                "ez az e-mail",
                "bu e-posta mesaji",
                "bu e-posta ve ekleri",
                "bu mesaj ve ekleri",
                "bu e-posta gizli",
                "bu elektronik posta",
                "acest mesaj este confidential",
                "acest e-mail",
                "настоящее сообщение",
                "это сообщение содержит конфиденциальную",
                "данное сообщение",
                "данное электронное сообщение",
                "это электронное сообщение",
                "содержащаяся в настоящем",
                "если вы не являетесь",
                "если вы получили это сообщение по ошибке",
                "если вы получили данное",
                "конфиденциальной информации",
                "це повідомлення",
                "το παρον μηνυμα",
                "το μηνυμα αυτο",
                "αυτο το μηνυμα",
                "このメールには機密",
                "本メールには",
                "本電子メール",
                "このメッセージには",
                "本邮件及其附件",
                "此邮件及其附件",
                "本邮件包含",
                "本邮件内容",
                "本電子郵件",
                "本信件",
                "이 메일은 지정된",
                "본 메일은",
                "이 이메일",
                "본 이메일",
                "הודעה זו מיועדת",
                "هذه الرسالة",
            ],
        ),
        (
            Weight::Hint,
            &[
                "confidential",
                "intended recipient",
                "unauthorized",
                "unauthorised",
                "disclosure",
                "dissemination",
                "delete this",
                "notify the sender",
                "notify us",
                "virus",
                "liability",
                "registered office",
                "registered in england",
                "company number",
                "company registration",
                "privileged",
                "attachments",
                "does not necessarily represent",
                "views expressed",
                "opinions expressed",
                "vat ",
                "vertraulich",
                "empfanger",
                "absender",
                "vernichten",
                "weitergabe",
                "nicht gestattet",
                "geschaftsfuhrer",
                "amtsgericht",
                "handelsregister",
                "registergericht",
                "hrb ",
                "ust-id",
                "sitz der gesellschaft",
                "vorstand:",
                "aufsichtsrat",
                "confidentiel",
                "destinataire",
                "expediteur",
                "detruire",
                "responsabilite",
                "diffusion",
                "confidencial",
                "destinatario",
                "divulgacion",
                "prohibida",
                "eliminar",
                "riservat",
                "destinatari",
                "divulgazione",
                "diffusione",
                "vietata",
                "destinatário",
                "divulgacao",
                "proibida",
                "vertrouwelijk",
                "geadresseerde",
                "verspreiding",
                "afzender",
                "aansprakelijk",
                "konfidentiell",
                "fortrolig",
                "avsandaren",
                "luottamuksell",
                "poufn",
                "adresat",
                "duvern",
                "odesilatel",
                "bizalmas",
                "gizli",
                "sorumluluk",
                "конфиденциальн",
                "получател",
                "отправител",
                "秘密",
                "機密",
                "保密",
                "机密",
                "收件人",
                "기밀",
                "수신인",
            ],
        ),
        (
            Weight::Appended,
            &[
                "you received this message because you are subscribed to",
                "you are receiving this because",
                "to unsubscribe from this group",
                "to unsubscribe from this list",
                "to unsubscribe send",
                "to unsubscribe, e-mail",
                "to view this discussion on the web",
                "to view this discussion visit",
                "for more options, visit",
                "mailman/listinfo",
                "mailman3/lists",
                "reply to this email directly",
                "view it on github",
                "virus-free.",
                "virenfrei.",
                "sans virus.",
                "libre de virus.",
                "privo di virus",
                "livre de virus",
                "virusvrij.",
                "без вирусов",
                "scanned by mailscanner",
                "checked for viruses by",
                "this message has been scanned",
                "this email has been scanned",
                "has been scanned for viruses",
                "no virus found in this",
                "diese e-mail wurde von avast",
                "auf viren gepruft",
                "auf viren untersucht",
                "l'absence de virus dans ce courrier",
                "este correo electronico ha sido comprobado",
                "el software de antivirus",
                "questa e-mail e stata controllata",
                "este e-mail foi verificado",
                "wolna od wirusow",
                "wiadomosc ta zostala sprawdzona",
                "esta mensagem foi verificada",
                "do not reply to this email address",
                "manage your subscription",
                "unsubscribe:",
                "powered by mailman",
                "_______________________________________________",
            ],
        ),
    ])
});

/// Marks disclaimers and footers among the lines of one own segment. `is_top` says that the mail begins here.
pub(crate) fn mark(lines: &mut [Line], is_top: bool) {
    let mut at = 0;
    let mut is_first = is_top;
    while at < lines.len() {
        if !lines[at].is_own() {
            at += 1;
            continue;
        }
        let end = (at..lines.len()).find(|i| !lines[*i].is_own()).unwrap_or(lines.len());
        match judge(&lines[at..end], is_first) {
            Some(Found::Banner(length)) => set(&mut lines[at..at + length], Role::Disclaimer),
            Some(Found::Paragraph(role)) => {
                let begins = at + start_within(&lines[at..end], role);
                set(&mut lines[begins..end], role);
                if end < lines.len() && !is_first {
                    tail(&mut lines[end..], role);
                }
            }
            None => is_first = false,
        }
        at = end;
    }
}

enum Found {
    Banner(usize),
    Paragraph(Role),
}

fn judge(paragraph: &[Line], is_first: bool) -> Option<Found> {
    let joined: String = paragraph.iter().map(|l| l.folded.as_str()).collect::<Vec<_>>().join(" ");
    let (mut sure, mut hints, mut banner, mut appended) = (0, 0, 0, 0);
    let mut seen = Vec::new();
    for found in PHRASES.find_all(&joined) {
        match found.meaning {
            Weight::Sure => sure += 1,
            Weight::Hint if !seen.contains(&found.index) => {
                seen.push(found.index);
                hints += 1;
            }
            Weight::Hint => {}
            Weight::Banner => banner += 1,
            Weight::Appended => appended += 1,
        }
    }
    let can_be_hinted = !is_first && hints >= 3 && joined.len() >= 160 && !joined.contains('?');
    let is_legal = joined.chars().count() >= 60;
    if banner > 0 && (is_first || joined.len() < 700) {
        // The person's first words may follow the warning without a blank line.
        let last = paragraph.iter().rposition(|l| {
            PHRASES.find_all(&l.folded).any(|f| f.meaning == Weight::Banner || f.meaning == Weight::Hint)
        });
        let length = if is_first { banner_length(paragraph, last.unwrap_or(0)) } else { paragraph.len() };
        return Some(Found::Banner(length));
    }
    if sure >= 1 && is_legal || can_be_hinted || sure >= 2 {
        return Some(Found::Paragraph(Role::Disclaimer));
    }
    (appended > 0 && joined.len() < 1_500).then_some(Found::Paragraph(Role::Footer))
}

/// A warning wraps over short lines; it ends with the sentence its last sign stands in.
fn banner_length(paragraph: &[Line], last: usize) -> usize {
    let mut end = last;
    while end + 1 < paragraph.len()
        && !paragraph[end].text.trim_end().ends_with(['.', '!', ']', '*', '>', '。'])
        && end < last + 3
    {
        end += 1;
    }
    end + 1
}

/// In a paragraph that runs on from the person's words, the line on which the foreign text begins.
fn start_within(paragraph: &[Line], role: Role) -> usize {
    let wanted: &[Weight] =
        if role == Role::Footer { &[Weight::Appended] } else { &[Weight::Sure, Weight::Hint] };
    let first = paragraph
        .iter()
        .position(|l| PHRASES.find_all(&l.folded).any(|f| wanted.contains(&f.meaning)))
        .unwrap_or(0);
    // A phrase may be cut by a line end; only a clear break before it is taken as the border.
    let is_border = |i: usize| {
        paragraph[i].text.trim_end().ends_with(['.', '!', '?', ':', ','])
            || paragraph[i].folded.len() < 45
            || paragraph[i].folded.chars().all(|c| !c.is_alphanumeric())
    };
    (0..first)
        .rev()
        .find(|i| is_border(*i))
        .map_or(if first > 0 && role == Role::Footer { first } else { 0 }, |i| i + 1)
}

/// Nobody writes below a disclaimer: what follows in the segment belongs to it.
fn tail(lines: &mut [Line], role: Role) {
    let words: usize = lines.iter().filter(|l| l.is_own()).map(|l| l.folded.split(' ').count()).sum();
    if words < 400 {
        set(lines, role);
    }
}

fn set(lines: &mut [Line], role: Role) {
    for line in lines.iter_mut().filter(|l| l.is_own()) {
        line.role = Some(role);
    }
}
