//! Header labels, separators and verbs of quoting, in the languages of the world's mail clients.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::fold::{Phrases, fold};

/// What a label in front of a quoted mail stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Label {
    From,
    Date,
    To,
    Subject,
    /// Cc, reply-to, attachments, importance: belongs to a block but does not make one.
    Other,
}

const LABELS: &[(Label, &[&str])] = &[
    (
        Label::From,
        &[
            "from", "von", "de", "da", "från", "fra", "van", "od", "от", "отправитель", "від", "от кого", "kimden", "gönderen", "feladó", "lähettäjä", "keneltä", "από", "de la", "expéditeur", "mittente", "remetente", "absender", "afzender", "avsändare", "afsender", "avsender", "nadawca", "odesílatel", "odosielateľ", "pošiljatelj", "šalje", "saatja", "kellelt", "no", "siuntėjas", "nuo", "发件人", "發件人", "寄件者", "寄件人", "发送人", "差出人", "送信者", "送信元", "보낸 사람", "보낸사람", "보내는 사람", "발신", "מאת", "من", "từ", "người gửi", "dari", "pengirim", "daripada", "จาก", "प्रेषक", "frá", "nga", "от:", "de :", "desde", "expediteur", "envoyé par", "autor",
        ],
    ),
    (
        Label::Date,
        &[
            "sent", "date", "sent at", "sent on", "gesendet", "datum", "gesendet am", "envoyé", "envoyé le", "fecha", "enviado", "enviado el", "enviado em", "enviada em", "enviada", "data", "inviato", "data invio", "skickat", "sendt", "dato", "verzonden", "datum/tijd", "wysłano", "data wysłania", "odesláno", "odoslané", "dátum", "отправлено", "дата", "надіслано", "дата отправки", "gönderilen", "gönderildi", "gönderme tarihi", "tarih", "elküldve", "küldve", "lähetetty", "päivämäärä", "pvm", "στάλθηκε", "ημερομηνία", "trimis", "poslano", "posláno", "saadetud", "kuupäev", "nosūtīts", "datums", "išsiųsta", "изпратено", "发送时间", "发送日期", "日期", "时间", "寄件日期", "傳送日期", "發送日期", "送信日時", "送信日", "日時", "日付", "보낸 날짜", "보낸날짜", "날짜", "받은 날짜", "נשלח", "תאריך", "تاريخ الإرسال", "التاريخ", "تم الإرسال", "ngày", "đã gửi", "tanggal", "dikirim", "tarikh", "วันที่", "ส่ง", "zeit", "date/heure", "data e ora",
        ],
    ),
    (
        Label::To,
        &[
            "to", "an", "à", "a", "para", "till", "til", "aan", "do", "komu", "pro", "кому", "получатель", "kime", "alıcı", "címzett", "vastaanottaja", "προς", "către", "za", "prima", "kellele", "kam", "до", "收件人", "收件者", "宛先", "받는 사람", "받는사람", "수신", "אל", "إلى", "đến", "tới", "kepada", "ke", "ถึง", "destinataire", "destinatario", "destinatário", "empfänger", "mottagare", "modtager", "mottaker", "odbiorca", "příjemce", "pour", "recipient",
        ],
    ),
    (
        Label::Subject,
        &[
            "subject", "betreff", "objet", "sujet", "asunto", "oggetto", "assunto", "ämne", "emne", "onderwerp", "temat", "předmět", "predmet", "тема", "тема письма", "konu", "tárgy", "aihe", "otsikko", "θέμα", "subiect", "zadeva", "naslov", "teema", "temats", "tema", "относно", "主题", "主旨", "標題", "主題", "件名", "제목", "נושא", "الموضوع", "chủ đề", "tiêu đề", "subjek", "perihal", "เรื่อง", "re", "efni",
        ],
    ),
    (
        Label::Other,
        &[
            "cc", "bcc", "kopie", "copie", "copie à", "copia", "cópia", "kopia", "kopi", "kopio", "dw", "kópia", "másolatot kap", "копия", "копія", "bilgi", "κοιν", "抄送", "副本", "密件副本", "ccへ", "参照", "참조", "עותק", "نسخة", "reply-to", "reply to", "antwort an", "antworten an", "répondre à", "responder a", "rispondi a", "responder a", "svar till", "svar til", "importance", "wichtigkeit", "priorität", "priority", "attachments", "anlagen", "anhänge", "anhang", "pièces jointes", "adjuntos", "allegati", "anexos", "bijlagen", "bilagor", "vedlegg", "załączniki", "přílohy", "вложения", "ekler", "organization", "organisation", "message-id", "newsgroups", "resent-from", "sensitivity", "важность", "重要性", "附件", "message de", "sender", "category", "in-reply-to", "x-mailer",
        ],
    ),
];

static BY_NAME: LazyLock<HashMap<String, Label>> = LazyLock::new(|| {
    let mut map = HashMap::new();
    for (label, names) in LABELS {
        for name in *names {
            map.entry(fold(name)).or_insert(*label);
        }
    }
    map
});

/// The label a folded line begins with, and whether something follows it.
pub(crate) fn label_of(folded: &str) -> Option<(Label, bool)> {
    let bare = folded.trim_start_matches(['*', '_', '|', ' ', '-', '\t', '·', '•']);
    let colon = bare.char_indices().take(40).find(|(_, c)| *c == ':').map(|(at, _)| at)?;
    let name = bare[..colon].trim_end_matches(['*', '_', ' ', '|']).trim();
    let label = *BY_NAME.get(name)?;
    Some((label, !bare[colon + 1..].trim_matches(['*', ' ']).is_empty()))
}

/// What a separator announces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Announced {
    Reply,
    Forward,
    /// `## reply above this line ##`
    AnswerLine,
}

pub(crate) static SEPARATORS: LazyLock<Phrases<Announced>> = LazyLock::new(|| {
    Phrases::new(&[
        (
            Announced::AnswerLine,
            &[
                "reply above this line", "type your reply above", "write above this line", "respond above this line", "please reply above", "antworten sie oberhalb", "oberhalb dieser linie", "bitte antworten sie uber dieser", "uber dieser zeile", "repondez au-dessus", "repondre au-dessus de cette ligne", "au-dessus de cette ligne", "por encima de esta linea", "responda por encima", "sopra questa linea", "sopra questa riga", "acima desta linha", "boven deze lijn", "boven deze regel", "ovanfor denna rad", "over denne linje", "powyzej tej linii", "nad tuto", "выше этой строки", "выше этой линии", "bu satirin ustun", "请在此行之上", "この行より上", "このラインより上",
            ],
        ),
        (
            Announced::Forward,
            &[
                "forwarded message", "forwarded email", "forwarded e-mail", "begin forwarded message", "forwarded by", "fwd message", "weitergeleitete nachricht", "weitergeleitete mail", "weitergeleitete e-mail", "anfang der weitergeleiteten", "weitergeleitet von", "message transfere", "message transmis", "debut du message reexpedie", "debut du message transfere", "message reexpedie", "courriel transfere", "mensaje reenviado", "inicio del mensaje reenviado", "reenviado por", "messaggio inoltrato", "inizio messaggio inoltrato", "inoltrato da", "mensagem encaminhada", "inicio da mensagem encaminhada", "mensagem reencaminhada", "inicio da mensagem reencaminhada", "doorgestuurd bericht", "doorgezonden bericht", "begin doorgestuurd bericht", "vidarebefordrat meddelande", "vidarebefordrat brev", "borjan av vidarebefordrat", "videresendt melding", "videresendt besked", "videresendt meddelelse", "start pa videresendt", "edelleenlahetetty viesti", "valitetty viesti", "valitetty viesti alkaa", "przekazana wiadomosc", "wiadomosc przekazana", "poczatek przekazywanej", "preposlana zprava", "zacatek preposlane", "preposlana sprava", "tovabbitott uzenet", "iletilen ileti", "iletilen mesaj", "yonlendirilen ileti", "пересылаемое сообщение", "пересланное сообщение", "перенаправленное сообщение", "начало переадресованного", "переслане повідомлення", "mesaj redirectionat", "προωθημενο μηνυμα", "转发邮件", "转发的邮件", "轉寄郵件", "轉寄的郵件", "转发邮件信息", "転送メッセージ", "転送された", "전달된 메시지", "전달된 메일", "הודעה שהועברה", "رسالة معاد توجيهها", "الرسالة المعاد", "tin nhan duoc chuyen tiep", "thu duoc chuyen tiep", "pesan terusan", "pesan yang diteruskan",
            ],
        ),
        (
            Announced::Reply,
            &[
                "original message", "original mail", "original e-mail", "original email", "original appointment", "reply message", "replied message", "previous message", "ursprungliche nachricht", "originalnachricht", "original-nachricht", "originalmail", "ursprungliche mail", "urspr. nachricht", "original nachricht", "message d'origine", "message original", "message initial", "courriel d'origine", "mensaje original", "mensaje de origen", "correo original", "messaggio originale", "messaggio original", "mensagem original", "oorspronkelijk bericht", "oorspronkelijke bericht", "origineel bericht", "originele bericht", "ursprungligt meddelande", "originalmeddelande", "ursprungligt brev", "opprinnelig melding", "original melding", "oprindelig meddelelse", "original meddelelse", "oprindelig besked", "alkuperainen viesti", "wiadomosc oryginalna", "oryginalna wiadomosc", "puvodni zprava", "puvodna sprava", "povodna sprava", "eredeti uzenet", "eredeti level", "orijinal mesaj", "ozgun ileti", "orijinal ileti", "исходное сообщение", "оригинальное сообщение", "первоначальное сообщение", "вихідне повідомлення", "оригінальне повідомлення", "mesaj original", "mesajul original", "αρχικο μηνυμα", "izvorna poruka", "izvirno sporocilo", "originalna poruka", "originaalkiri", "оригинално съобщение", "原始邮件", "原始郵件", "原邮件", "原始信件", "原始訊息", "元のメッセージ", "オリジナルメッセージ", "original message", "원본 메시지", "원본메시지", "원본 메일", "הודעה מקורית", "الرسالة الأصلية", "رسالة أصلية", "tin nhan goc", "thu goc", "pesan asli", "mesej asal", "ข้อความต้นฉบับ",
            ],
        ),
    ])
});

/// The verbs of `… wrote:`.
pub(crate) static WROTE: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            " wrote", "schrieb", "geschrieben", "hat folgendes geschrieben", "a ecrit", " ecrit", "ecrivait", "escribio", "escribi", "ha escrito", "ha scritto", " scrive", "scritto:", "escreveu", "skrev", "schreef", "heeft geschreven", " het volgende geschreven", "napisal", "pisze", "napsal", "napísal", "написал", "пишет", "писал", "написав", "пише:", "написа", "yazdi", "sunu yazdi", "irta", "ezt irta", "kirjoitti", "a scris", "εγραψε", "je napisao", "je napisala", "napisao", "je pisal", "rakstija", "rase:", "kirjutas", "写道", "寫道", "写入", "のメール", "のメッセージ", "書きました", "書き込み", "님이 작성", "작성:", "님의 말", "썼습니다", "كتب", "כתב", "da viet", " viet:", "menulis", "เขียนว่า", "ने लिखा", "a trimis", "shrau", "skrifadi", "sent the following", "said:", "wrote on", "schrieb am",
        ],
    )])
});

/// Words an introducing line begins with.
const STARTS: &[&str] = &[
    "on ", "am ", "le ", "el ", "il ", "em ", "den ", "op ", "w dniu", "dnia ", "dne ", "в ", "pa ", "a ", "in data", "il giorno", "no dia", "na dan", "dana ", "la ", "pe ", "στις ", "σας ", "ο χρηστης", "τη ", "την ", "mon", "tue", "wed", "thu", "fri", "sat", "sun", "mo,", "di,", "mi,", "do,", "fr,", "sa,", "so,", "пн", "вт", "ср", "чт", "пт", "сб", "вс", "нд", "понедельник", "вторник", "среда", "четверг", "пятница", "суббота", "воскресенье", "tir", "ons", "tor", "fre", "lor", "son", "man", "pon", "wt", "sr", "czw", "pt", "sob", "niedz", "po ", "ut ", "st ", "ct ", "pa ", "so ", "ne ", "vao ", "pada ", "בתאריך", "ב-", "في ", "ma ", "ti ", "ke ", "to ", "pe ", "la ", "su ", "20", "on:", "hetkel", "1", "2", "3", "0", "4", "5", "6", "7", "8", "9", "από", "le:", "quoting ", "citando ", "zitat von", "citation de",
];

pub(crate) fn begins_like_intro(folded: &str) -> bool {
    STARTS.iter().any(|start| folded.starts_with(start))
}
