//! Why a mail was not delivered, from what servers say in their own words.

use std::sync::LazyLock;

use serde::Serialize;

use crate::fold::{Phrases, fold};

/// The cause of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// No such mailbox.
    UserUnknown,
    /// No such domain or no mail server for it.
    HostUnknown,
    /// The person moved.
    Moved,
    /// The mailbox exists but is disabled, suspended or unused.
    Inactive,
    MailboxFull,
    TooLarge,
    /// Held to be spam or a virus by its content.
    Content,
    /// The sending host or domain is on a block list or has a bad name.
    Blocked,
    /// SPF, DKIM, DMARC or sign-in is missing or failed.
    Authentication,
    /// Not allowed to write to this recipient, or to relay.
    Refused,
    RateLimited,
    Greylisted,
    /// Tried for days without an answer.
    Expired,
    /// The server could not be reached.
    Network,
    /// Mail goes round in circles.
    Loop,
    /// Trouble inside the other server.
    System,
    Unknown,
}

const TABLE: &[(Cause, &[&str])] = &[
    (
        Cause::MailboxFull,
        &[
            "mailbox full", "mailbox is full", "inbox is full", "mailbox exceeded", "over quota", "overquota", "quota exceeded", "exceeded the quota",
            "exceeded storage", "exceeds quota", "exceed the quota", "quota limit", "out of storage", "storage space", "storage allocation", "mailbox quota", "disk quota",
            "insufficient storage", "not enough space", "mailbox size limit", "mailbox for user is full", "user is over", "would exceed", "quotaexceeded",
            "account is full", "folder is full", "exceeded its", "exceeded his", "mail box full", "mail quota", "is full.", "user's mailbox is full", "maildir over", "has run out of",
            "postfach ist voll", "postfach voll", "speicherplatz", "kontingent", "boite aux lettres pleine", "boite pleine", "quota depasse", "boîte est pleine",
            "buzon lleno", "buzon esta lleno", "cuota", "casella piena", "casella di posta piena", "caixa postal cheia", "caixa de entrada cheia", "caixa cheia",
            "mailbox vol", "postvak is vol", "postvak vol", "skrzynka pelna", "skrzynka jest pelna", "przepelniona", "переполнен", "ящик полон", "превышен", "schranka je plna", "postafiok megtelt",
            "kutusu dolu", "brevlådan är full", "postkassen er full", "メールボックスがいっぱい", "容量", "邮箱已满", "空间不足", "郵箱已滿", "사서함이 가득", "용량 초과",
        ],
    ),
    (
        Cause::Greylisted,
        &["greylist", "graylist", "grey-list", "gray-list", "try again in 5 minutes", "please retry later", "temporarily deferred", "temporarily rejected"],
    ),
    (
        Cause::RateLimited,
        &[
            "rate limit", "ratelimit", "too many connections", "too many messages", "too many emails", "sending limit", "daily limit", "sending quota", "throttl", "too many recipients",
            "too many concurrent", "too many sessions", "exceeded the maximum number", "receiving mail at a rate", "receiving mail too quickly", "excessive volume", "unusual rate", "hourly limit",
        ],
    ),
    (
        Cause::Moved,
        &["has moved", "user not local", "has changed address", "address has changed", "new address is", "no longer at this address", "please update your records", "address no longer", "addressee moved"],
    ),
    (
        Cause::Inactive,
        &[
            "account disabled", "account is disabled", "mailbox disabled", "mailbox is disabled", "account has been disabled", "user disabled", "account suspended", "suspended", "inactive", "deactivated",
            "account closed", "account expired", "account is locked", "mailbox is locked", "account locked", "currently disabled", "has been blocked", "not active", "temporarily disabled", "frozen", "account that you tried to reach is disabled",
            "has been deleted", "deaktiviert", "gesperrt", "inactif", "desactiv", "inattivo", "disattivat", "заблокирован", "неактив", "отключен", "停用", "已停用",
        ],
    ),
    (
        Cause::HostUnknown,
        &[
            "host unknown", "unknown host", "host not found", "domain not found", "name service error", "no such domain", "domain does not exist", "unable to route", "no mail server", "mail server not found", "nxdomain", "unrouteable mail domain", "unroutable domain", "name or service not known", "could not find any mail", "dns lookup failed", "domain isn't in", "bad destination system", "illegal host", "no mx", "couldn't find any host", "all relevant mx records point to non-existent hosts", "does not accept mail", "null mx", "host or domain name not found", "domain name not found", "unknown domain", "invalid domain", "unresolvable", "no dns", "because the domain", "dns error", "couldn't be resolved", "no answer from dns", "domaine inconnu", "dominio no", "домен не",
        ],
    ),
    (
        Cause::UserUnknown,
        &[
            "user unknown", "unknown user", "unknown or invalid", "no such user", "nosuchuser", "no such recipient", "no such mailbox", "no such address", "no such person", "no such account", "no such local user",
            "user not found", "recipient not found", "mailbox not found", "account not found", "address not found", "not found in", "recipnotfound", "recipientnotfound", "user does not exist", "does not exist", "doesn't exist", "doesn't have an account", "does not have an account", "didn't have an account",
            "unknown recipient", "recipient unknown", "unknown address", "unknown local part", "unknown local-part", "unknown account", "unknown mailbox", "unknown to address", "invalid recipient", "invalid mailbox", "invalid address", "invalid user", "invalid local", "bad destination", "bad address", "bad recipient",
            "mailbox unavailable", "mailbox not available", "recipient address rejected", "recipient rejected", "rejected recipient", "addressee unknown", "unrouteable address", "unroutable address", "not a valid", "is not known", "isn't known", "not our customer", "no mailbox here", "there is no one", "no valid recipient", "not listed in", "not in directory", "not known at",
            "undeliverable address", "couldn't be found", "could not be found", "wasn't found", "was not found", "not recognized", "not recognised", "no longer available", "no longer valid", "no longer exists", "no longer employed", "no longer with", "no longer on server", "wrong e-mail", "incorrectly typed", "no account by that name", "this address no longer accepts", "not a known user", "user (", "unknown virtual", "can't accept user", "no local mailbox", "not exist", "name not found", "resolver.adr", "adr.exrecipnotfound", "bad-mailbox", "destination mailbox address", "addresses had permanent fatal errors", "has no mailbox", "address unknown", "recipient's address", "recipient no longer",
            "unbekannter empfanger", "unbekannt", "existiert nicht", "wurde nicht gefunden", "nicht gefunden", "kein postfach", "n'existe pas", "inconnu", "introuvable", "utilisateur inconnu", "no existe", "desconocido", "no se encontro", "usuario desconocido", "non esiste", "sconosciuto", "non trovato", "inesistente", "não existe", "desconhecido", "nao encontrado", "bestaat niet", "onbekend", "niet gevonden", "finns inte", "okänd", "findes ikke", "ukendt", "finnes ikke", "ukjent", "nie istnieje", "nieznany", "neexistuje", "neznamy", "не существует", "не найден", "неизвестн", "нет такого", "недоступен почтовый", "bulunamadi", "mevcut degil", "bilinmeyen", "nem letezik", "ismeretlen", "ei ole olemassa", "tuntematon", "nu exista", "δεν υπαρχει", "存在しません", "見つかりません", "宛先不明", "不存在", "找不到", "无此用户", "收件人不", "존재하지 않", "찾을 수 없", "לא נמצא", "غير موجود",
        ],
    ),
    (
        Cause::TooLarge,
        &[
            "message too large", "message too big", "too large", "too big", "exceeds maximum", "exceeds the maximum", "exceeds size", "size limit", "exceeds fixed maximum", "message size exceeds", "maximum message size", "larger than", "message is larger", "exceeded maximum size", "size exceeds", "zu gross", "trop volumineux", "demasiado grande", "troppo grande", "muito grande", "te groot", "слишком большой", "太大", "超过",
        ],
    ),
    (
        Cause::Loop,
        &["mail loop", "too many hops", "hop count exceeded", "routing loop", "loop detected", "loops back to myself", "mail forwarding loop", "maximum hop", "looping", "loop back"],
    ),
    (
        Cause::Authentication,
        &[
            "dmarc", "spf check", "spf fail", "sender policy framework", "spf validation", "dkim", "not authenticated", "unauthenticated", "authentication required", "authentication fail", "must authenticate", "sender id", "ptr record", "reverse dns", "rdns", "no auth", "auth required",
        ],
    ),
    (
        Cause::Content,
        &["spam firewall", "bulk email filter", "spam content", "spam message", "as spam", "looks like spam", "spam detected", "considered spam", "spam score", "virus", "malware", "content rejected", "content filter"],
    ),
    (
        Cause::Blocked,
        &[
            "blacklist", "blocklist", "block list", "blocked using", "dnsbl", "rbl", "spamhaus", "spamcop", "barracuda", "bad reputation", "poor reputation", "reputation", "listed at", "listed in", "listed by", "ip address is blocked", "your ip", "client host rejected", "blocked by", "is blocked", "access denied", "sender rejected", "sender address rejected", "sorbs", "banned", "denied by", "unsolicited mail originating", "sender is blocked", "not allowed to connect",
        ],
    ),
    (
        Cause::Content,
        &[
            "spam", "virus", "malware", "infected", "content rejected", "message content", "content filter", "message rejected", "unsolicited", "junk mail", "phish", "attachment type", "prohibited attachment", "blocked attachment", "policy reasons", "content policy", "message refused", "unacceptable content", "rejected due to content", "considered", "suspicious",
        ],
    ),
    (
        Cause::Refused,
        &[
            "relaying denied", "relay access denied", "relay denied", "relaying not allowed", "not permitted to relay", "unable to relay", "relay not permitted", "not authorized", "not authorised", "not permitted", "permission denied", "restricted", "only accepts", "not allowed", "delivery not authorized", "violation", "administrative prohibition", "refused by", "rejected by recipient", "message was rejected", "is not accepting", "doesn't accept", "blocked by recipient", "policy", "prohibited", "has been rejected", "don't have permission", "approved senders", "not accepted", "refuses", "abgelehnt", "rejete", "rechazado", "rifiutato", "rejeitad", "отклонен", "odrzucon", "拒否", "拒绝", "거부",
        ],
    ),
    (
        Cause::Expired,
        &[
            "delivery time expired", "message expired", "retry time", "retry timeout", "retry limit", "queue too long", "been in the queue", "gave up", "giving up", "could not be delivered within", "delivery timed out", "too long in", "timeout exceeded", "message has been queued", "maximum queue", "unable to deliver this message after", "for too long", "time limit", "delivery attempts", "expired", "cannot send message within", "could not send message for", "not delivered within", "4.4.7", "zugestellt werden innerhalb",
        ],
    ),
    (
        Cause::Network,
        &[
            "connection timed out", "connection refused", "connection reset", "network unreachable", "network is unreachable", "no route to host", "host is down", "not responding", "operation timed out", "lost connection", "connection dropped", "could not connect", "couldn't connect", "unable to connect", "tls", "certificate", "ssl", "connect to", "connection was closed", "server did not respond", "timed out", "timeout", "no response", "unreachable", "temporary lookup failure", "dns timeout", "temporary failure in name", "nicht erreichbar", "injoignable", "inaccesible", "irraggiungibile", "недоступен",
        ],
    ),
    (
        Cause::System,
        &["local error", "internal error", "system error", "server error", "temporary failure", "temporary error", "temporarily unavailable", "local problem", "configuration error", "i/o error", "out of memory", "can't create", "input/output", "service unavailable", "server busy", "resources", "try again", "later", "local configuration", "unable to open", "software error", "error in processing", "aliasing error", "program failed", "command died"],
    ),
];

static PHRASES: LazyLock<Phrases<Cause>> = LazyLock::new(|| Phrases::new(TABLE));

impl Cause {
    /// The cause told by a text, or by the status code where the words say nothing.
    pub(crate) fn of(text: &str, status: Option<&str>) -> Self {
        let folded = fold(crate::fold::clip(text, 8_000));
        let said = PHRASES.first_by_order(&folded);
        let coded = status.and_then(Self::of_status);
        match (said, coded) {
            // These words turn up in every kind of answer; a clear code says more.
            (Some(Self::System | Self::Network | Self::Refused | Self::Content | Self::Blocked), Some(coded)) => coded,
            (Some(said), _) => said,
            (None, Some(coded)) => coded,
            (None, None) => Self::Unknown,
        }
    }

    /// The cause a status code stands for, when it stands for one.
    fn of_status(status: &str) -> Option<Self> {
        Some(match status.get(1..)? {
            ".1.0" if status.starts_with('5') => Self::UserUnknown,
            ".1.1" | ".1.3" => Self::UserUnknown,
            ".1.2" | ".4.4" if status.starts_with('5') => Self::HostUnknown,
            ".1.10" => Self::HostUnknown,
            ".1.6" => Self::Moved,
            ".2.1" => Self::Inactive,
            ".2.2" => Self::MailboxFull,
            ".2.3" | ".3.4" => Self::TooLarge,
            ".4.1" | ".4.2" | ".4.4" | ".4.3" => Self::Network,
            ".4.6" => Self::Loop,
            ".4.7" => Self::Expired,
            ".7.20" | ".7.23" | ".7.25" | ".7.26" | ".7.27" => Self::Authentication,
            ".3.0" | ".3.1" | ".3.2" | ".3.5" => Self::System,
            _ => return None,
        })
    }

    /// The status code such a failure usually carries, for servers that give none.
    pub(crate) fn usual_status(self) -> &'static str {
        match self {
            Self::UserUnknown => "5.1.1",
            Self::HostUnknown => "5.1.2",
            Self::Moved => "5.1.6",
            Self::Inactive => "5.2.1",
            Self::MailboxFull => "5.2.2",
            Self::TooLarge => "5.3.4",
            Self::Content | Self::Blocked | Self::Refused => "5.7.1",
            Self::Authentication => "5.7.0",
            Self::RateLimited | Self::Greylisted => "4.7.1",
            Self::Expired => "4.4.7",
            Self::Network => "4.4.1",
            Self::Loop => "5.4.6",
            Self::System => "4.3.0",
            Self::Unknown => "5.0.0",
        }
    }

    /// Whether the address itself is at fault, so that no other mail will reach it either.
    pub fn is_about_address(self) -> bool {
        matches!(self, Self::UserUnknown | Self::HostUnknown | Self::Moved | Self::Inactive)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_in_their_own_words() {
        let cases = [
            ("550 Requested action not taken: mailbox unavailable", Cause::UserUnknown),
            ("Das Postfach ist voll", Cause::MailboxFull),
            ("552 5.2.2 Over quota", Cause::MailboxFull),
            ("Host or domain name not found. Name service error for name=x type=A", Cause::HostUnknown),
            ("554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org", Cause::Blocked),
            ("550 5.7.26 Unauthenticated email is not accepted due to domain's DMARC policy", Cause::Authentication),
            ("Почтовый ящик не существует", Cause::UserUnknown),
            ("connect to mx[192.0.2.9]:25: Connection timed out", Cause::Network),
            ("450 4.2.0 Recipient address rejected: Greylisted", Cause::Greylisted),
            ("552 message size exceeds fixed maximum", Cause::TooLarge),
        ];
        for (text, cause) in cases {
            assert_eq!(Cause::of(text, None), cause, "{text}");
        }
    }
}
