//! Whether the mail comes from where it says: the word of our own relay (RFC 8601), or DKIM, SPF, DMARC and ARC
//! checked with a resolver that is handed in.

mod results;

use std::net::IpAddr;

use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{AuthenticatedMessage, DkimResult, DmarcResult, SpfResult};
use serde::Serialize;

pub use mail_auth::MessageAuthenticator;
pub use results::{MethodResult, read_results};

use crate::classify::{Kind, Verdict};
use crate::parse::Mail;

/// What is known about the sender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Authentication {
    pub trust: Trust,
    pub because: String,
    /// Every method that was tried and what it gave.
    pub methods: Vec<MethodResult>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The domain of `From` vouches for the mail.
    Pass,
    /// It says the mail is not its own.
    Fail,
    /// It says nothing, or could not be asked.
    Unknown,
}

/// Our own relays and those whose word counts.
#[derive(Debug, Clone, Default)]
pub struct Relays {
    /// The authserv-id of our own mail server. Its `Authentication-Results` are believed; it must strip those of others.
    pub authserv_ids: Vec<String>,
    /// Domains whose ARC seal is believed when forwarding broke DKIM and SPF.
    pub sealers: Vec<String>,
}

/// How the mail came in, as the receiving server knows it.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    pub client_ip: IpAddr,
    pub helo: &'a str,
    /// Our own host name.
    pub receiver: &'a str,
    /// Empty for the null sender.
    pub envelope_from: &'a str,
}

/// The proof that a member of staff wrote a mail. Made only by [`Authentication::staff_proof`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffProof {
    address: String,
}

impl StaffProof {
    /// The proven address, in lower case.
    pub fn address(&self) -> &str {
        &self.address
    }
}

impl Authentication {
    /// The proof, when the sender is authenticated, is one of the staff, and wrote the mail as a person.
    pub fn staff_proof(
        &self,
        mail: &Mail<'_>,
        verdict: &Verdict,
        is_staff: impl Fn(&str) -> bool,
    ) -> Option<StaffProof> {
        let [author] = mail.from.as_slice() else { return None };
        let address = author.key();
        let is_person = verdict.kind == Kind::Person && verdict.spam.is_none();
        // Two `From` fields: one is shown, the other may have been checked.
        let is_single = mail.headers.all_raw("From").count() == 1;
        (self.trust == Trust::Pass && is_person && is_single && is_staff(&address))
            .then_some(StaffProof { address })
    }
}

/// A resolver that asks these name servers over UDP, with short patience: mail waits for nobody.
pub fn resolver_at(servers: &[std::net::SocketAddr]) -> Result<MessageAuthenticator, String> {
    use mail_auth::hickory_resolver::config::{
        ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts,
    };
    let name_servers = servers
        .iter()
        .map(|server| {
            let mut connection = ConnectionConfig::udp();
            connection.port = server.port();
            NameServerConfig::new(server.ip(), true, vec![connection])
        })
        .collect();
    let mut options = ResolverOpts::default();
    options.timeout = std::time::Duration::from_secs(3);
    options.attempts = 2;
    MessageAuthenticator::new(ResolverConfig::from_parts(None, Vec::new(), name_servers), options)
        .map_err(|error| error.to_string())
}

/// Takes the word of our own relay. `None` when there is none: then [`authenticate`] asks the network.
///
/// Only the topmost field of a configured authserv-id counts; without configuration nothing does.
pub fn trusted_results(mail: &Mail<'_>, relays: &Relays) -> Option<Authentication> {
    let is_ours = |id: &str| relays.authserv_ids.iter().any(|own| own.eq_ignore_ascii_case(id));
    let methods = mail.headers.texts("Authentication-Results").find_map(|field| {
        let (id, methods) = read_results(&field)?;
        is_ours(&id).then_some(methods)
    })?;
    let domain = from_domain(mail)?;
    Some(judge(&domain, methods, "our relay says"))
}

/// Checks DKIM, SPF, DMARC and ARC through the given resolver. Network failures give [`Trust::Unknown`].
///
/// The expiry of DKIM signatures is compared with the machine's clock by `mail-auth` itself.
pub async fn authenticate(
    mail: &Mail<'_>,
    arrival: Option<Arrival<'_>>,
    relays: &Relays,
    resolver: &MessageAuthenticator,
) -> Authentication {
    let unknown = |because: &str| Authentication {
        trust: Trust::Unknown,
        because: because.to_owned(),
        methods: Vec::new(),
    };
    let Some(domain) = from_domain(mail) else { return unknown("there is not exactly one author") };
    let Some(message) = AuthenticatedMessage::parse(mail.raw) else {
        return unknown("the headers cannot be read");
    };
    let mut methods = Vec::new();
    let dkim = resolver.verify_dkim(&message).await;
    for output in &dkim {
        let signer = output.signature().map(|s| s.d.clone()).unwrap_or_default();
        methods.push(MethodResult::new("dkim", dkim_word(output.result()), &signer));
    }
    let spf = match arrival {
        Some(a) => {
            let spf = resolver
                .verify_spf(SpfParameters::verify(a.client_ip, a.helo, a.receiver, a.envelope_from))
                .await;
            methods.push(MethodResult::new("spf", spf_word(spf.result()), spf.domain()));
            spf
        }
        None => mail_auth::SpfOutput::new(String::new()),
    };
    let envelope_domain = arrival.map_or("", |a| a.envelope_from.rsplit_once('@').map_or(a.helo, |(_, d)| d));
    let dmarc = resolver.verify_dmarc(DmarcParameters::new(&message, &dkim, envelope_domain, &spf)).await;
    methods.push(MethodResult::new("dmarc", dmarc_word(&dmarc.result()), &domain));
    let arc = resolver.verify_arc(&message).await;
    if let Some(last) = arc.sets().last() {
        let sealer = last.seal.header.d.clone();
        methods.push(MethodResult::new("arc", dkim_word(arc.result()), &sealer));
    }
    let mut judged = judge(&domain, methods, "checked:");
    if judged.trust != Trust::Pass
        && let Some(sealer) = sealed_pass(mail, &judged.methods, relays, &domain)
    {
        judged.trust = Trust::Pass;
        judged.because = format!("{sealer} sealed that it passed before it was forwarded");
    }
    judged
}

/// The trusted sealer that saw the mail pass, from the newest `ARC-Authentication-Results`.
fn sealed_pass(mail: &Mail<'_>, methods: &[MethodResult], relays: &Relays, domain: &str) -> Option<String> {
    let seal = methods.iter().find(|m| m.method == "arc" && m.result == "pass")?;
    let is_trusted = relays.sealers.iter().any(|s| s.eq_ignore_ascii_case(&seal.domain));
    let newest = mail
        .headers
        .texts("ARC-Authentication-Results")
        .filter_map(|field| {
            let (instance, rest) = field.split_once(';')?;
            let number: u32 = instance.trim().strip_prefix("i=")?.trim().parse().ok()?;
            Some((number, rest.to_owned()))
        })
        .max_by_key(|(number, _)| *number)?;
    let (_, results) = read_results(&newest.1)?;
    let passed = judge(domain, results, "").trust == Trust::Pass;
    (is_trusted && passed).then(|| seal.domain.clone())
}

/// The domain of the only author.
fn from_domain(mail: &Mail<'_>) -> Option<String> {
    let [author] = mail.from.as_slice() else { return None };
    let domain = author.domain().to_lowercase();
    (!domain.is_empty()).then_some(domain)
}

/// DMARC decides; where the domain has no policy, an aligned DKIM or SPF pass vouches for it.
fn judge(domain: &str, methods: Vec<MethodResult>, source: &str) -> Authentication {
    let find = |method: &str| methods.iter().find(|m| m.method == method);
    let dmarc = find("dmarc").map(|m| m.result.as_str());
    let aligned = methods.iter().find(|m| {
        matches!(m.method.as_str(), "dkim" | "spf") && m.result == "pass" && is_aligned(&m.domain, domain)
    });
    let failed = methods.iter().find(|m| {
        m.method == "dmarc" && m.result == "fail"
            || m.method == "dkim" && m.result == "fail" && is_aligned(&m.domain, domain)
            || m.method == "spf" && m.result == "fail" && is_aligned(&m.domain, domain)
    });
    let (trust, because) = match (dmarc, aligned, failed) {
        (Some("pass"), ..) => (Trust::Pass, format!("{source} dmarc=pass for {domain}")),
        (Some("fail"), ..) => (Trust::Fail, format!("{source} dmarc=fail for {domain}")),
        (_, Some(aligned), _) => {
            (Trust::Pass, format!("{source} {}=pass by {} for {domain}", aligned.method, aligned.domain))
        }
        (_, None, Some(failed)) => {
            (Trust::Fail, format!("{source} {}=fail by {}", failed.method, failed.domain))
        }
        (_, None, None) => (Trust::Unknown, format!("{source} nothing that vouches for {domain}")),
    };
    Authentication { trust, because: because.trim().to_owned(), methods }
}

/// The signing domain is that of the author, or one above it.
fn is_aligned(signer: &str, author: &str) -> bool {
    let signer = signer.trim_end_matches('.').to_lowercase();
    signer.contains('.')
        && (author == signer || author.strip_suffix(&signer).is_some_and(|rest| rest.ends_with('.')))
}

fn dkim_word(result: &DkimResult) -> &'static str {
    match result {
        DkimResult::Pass => "pass",
        DkimResult::Neutral(_) => "neutral",
        DkimResult::Fail(_) => "fail",
        DkimResult::PermError(_) => "permerror",
        DkimResult::TempError(_) => "temperror",
        DkimResult::None => "none",
    }
}

fn spf_word(result: SpfResult) -> &'static str {
    match result {
        SpfResult::Pass => "pass",
        SpfResult::Fail => "fail",
        SpfResult::SoftFail => "softfail",
        SpfResult::Neutral => "neutral",
        SpfResult::TempError => "temperror",
        SpfResult::PermError => "permerror",
        SpfResult::None => "none",
    }
}

fn dmarc_word(result: &DmarcResult) -> &'static str {
    match result {
        DmarcResult::Pass => "pass",
        DmarcResult::Fail(_) => "fail",
        DmarcResult::TempError(_) => "temperror",
        DmarcResult::PermError(_) => "permerror",
        DmarcResult::None => "none",
    }
}
