//! What machines write, in the languages they write it in. Entries are folded when the tables are built.

use std::sync::LazyLock;

use crate::fold::Phrases;

/// Subjects of bounces and delay notices.
pub(super) static BOUNCE_SUBJECT: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "undeliverable", "undelivered", "non-delivery", "nondeliverable", "non delivery", "nondelivery", "delivery status notification", "delivery failure", "delivery failed", "delivery has failed", "failure notice", "failed delivery", "mail delivery", "mail failure", "mail could not be delivered", "could not be delivered", "returned mail", "returned message", "return receipt", "message returned", "returned to sender", "return to sender", "mail system error", "delivery problem", "delivery report", "delivery notification", "delivery error", "delivery status", "delivery delayed", "delayed mail", "message delayed", "delayed delivery", "mail delivery failed", "message status", "unable to deliver", "not delivered", "undeliverable mail", "undeliverable message", "warning: message", "warning: could not send", "warning - delayed", "message not delivered", "mail not delivered", "email not delivered", "rejected mail", "message rejected", "mail rejected", "blocked message", "user unknown", "unknown user", "nondeliv", "bounce", "ndn:", "dsn:", "ndr:", "address not found", "message could not", "mail undeliverable", "deferred:", "transient failure", "still being retried", "delivery attempt", "delivery incomplete", "was not delivered", "quota exceeded", "mailbox full", "over quota", "message blocked", "your message to", "your mail to", "e-mail delivery", "email delivery", "message you sent",
            "unzustellbar", "nicht zugestellt", "zustellung fehlgeschlagen", "zustellungsfehler", "zustellfehler", "zustellstatus", "nicht zustellbar", "ubermittlungsstatus", "benachrichtigung zum ubermittlungsstatus", "zustellung verzogert", "fehlgeschlagen", "unzustellbarkeit", "mailzustellung", "rucksendung",
            "non remis", "non distribue", "non delivre", "remise impossible", "echec de remise", "echec de la remise", "notification d'etat de remise", "notification d'etat de distribution", "avis de non", "retour de courrier", "non-remise", "echec de distribution", "etat de la remise", "message non", "courrier non",
            "no se puede entregar", "no se pudo entregar", "no entregado", "no entregable", "estado de entrega", "error de entrega", "fallo de entrega", "fallo en la entrega", "entrega fallida", "correo devuelto", "mensaje no entregado", "notificacion de estado", "devuelto",
            "mancato recapito", "mancata consegna", "impossibile recapitare", "non recapitabile", "non recapitato", "stato della consegna", "notifica sullo stato", "avviso di mancata", "messaggio non consegnato", "errore di recapito", "anomalia messaggio", "posta non recapitata",
            "nao entregue", "não entregue", "nao foi possivel entregar", "falha na entrega", "falha de entrega", "status de entrega", "estado da entrega", "notificacao de status", "devolucao", "devolvida", "mensagem devolvida", "entrega falhou", "nao e possivel entregar",
            "onbestelbaar", "niet bezorgd", "niet afgeleverd", "onbezorgd", "bezorging mislukt", "kan niet worden bezorgd", "status van bezorging", "aflevering mislukt", "onbestelbare",
            "olevererbar", "gick inte att leverera", "kunde inte levereras", "leveransfel", "kan inte levereras", "leveransstatus", "obestallbar", "kan ikke leveres", "kunne ikke leveres", "ikke leveret", "ikke levert", "leveringsfejl", "leveringsfeil", "uleverbar", "ulevert", "leveringsstatus", "uanbringelig",
            "toimittaminen epaonnistui", "ei voitu toimittaa", "ei toimitettu", "viestia ei voi", "toimitustila",
            "niedostarczon", "nie dostarczono", "nie mozna dostarczyc", "nie doreczono", "zwrot poczty", "zwrot wiadomosci", "nie zostala dostarczona", "status doreczenia", "stan dostarczenia", "blad doreczenia", "niedoreczon",
            "nedoruciteln", "nedoručen", "nelze dorucit", "nebylo mozne dorucit", "oznameni o stavu doruceni", "chyba doruceni", "nedorucitelna", "nedoslo k doruceni", "nedorucena",
            "nezustellbar", "kezbesithetetlen", "kezbesitesi hiba", "sikertelen kezbesites", "nem kezbesitheto", "nu a fost livrat", "nelivrat", "imposibil de livrat", "teslim edilemedi", "iletilemedi", "teslim edilemeyen", "teslim durumu", "gonderilemedi",
            "не доставлен", "недоставлен", "не удалось доставить", "недоставленн", "ошибка доставки", "сообщение не", "уведомление о состоянии доставки", "не может быть доставлен", "невозможно доставить", "возврат письма", "доставка не", "не вдалося доставити", "не доставлено", "не было доставлено", "письмо не",
            "ανεπιδοτ", "δεν παραδοθηκε", "αδυναμια παραδοσης", "не може да бъде доставен", "neisporuc", "nije isporuc", "ni bilo mogoce dostaviti", "nedostav",
            "配信不能", "配信できません", "配信エラー", "配送不能", "送信エラー", "送信できません", "送信失敗", "未配信", "不達", "返送", "エラーメール", "届けられません", "配達不能", "配信の遅延", "配信状況",
            "退信", "退件", "无法送达", "無法傳遞", "无法投递", "未送达", "未傳遞", "投递失败", "发送失败", "無法投遞", "传递失败", "未能送达", "系统退信", "投遞失敗", "传送失败", "未传递", "邮件退回",
            "배달되지 않음", "배달할 수 없", "전송 실패", "반송", "배달 실패", "전달되지", "배달 상태", "발송실패", "발송 실패", "לא ניתן למסור", "לא נמסר", "כשל במסירה", "تعذر تسليم", "لم يتم تسليم", "فشل التسليم", "غير قابل للتسليم", "khong the gui", "khong gui duoc", "khong the chuyen", "tidak terkirim", "gagal dikirim", "ส่งไม่ได้", "ไม่สามารถส่ง", "गलत पता",
        ],
    )])
});

/// What the text of a bounce says about itself.
pub(super) static BOUNCE_BODY: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "could not be delivered", "couldn't be delivered", "was not delivered", "wasn't delivered", "has not been delivered", "not been delivered", "cannot be delivered", "can not be delivered", "can't be delivered", "unable to deliver", "undeliverable", "undelivered", "delivery failed", "delivery has failed", "delivery to the following", "failed permanently", "permanent error", "permanent fatal error", "transient non-fatal", "this is a permanent", "i wasn't able to deliver", "wasn't able to deliver", "i'm sorry to have to inform you", "did not reach the following", "error occurred while", "returned to sender", "returned to you", "following address", "following recipient", "this message was created automatically by mail", "mail delivery software", "mail transfer agent", "mail system at", "mailer-daemon", "undeliverable message", "is being returned", "attached file: ", "transcript of session", "rejected your message", "rejected the message", "message was rejected", "message has been rejected", "message rejected", "bounce", "non-delivery", "nondelivery", "not delivered to", "delivery status notification", "delivery of your message", "failed recipient", "permanent failure", "temporary failure", "your message to", "your e-mail to", "your email to", "the message you sent", "the e-mail you sent", "message that you sent", "mail you sent", "we were unable", "we are unable", "we couldn't deliver", "couldn't deliver", "could not deliver", "address not found", "recipient unknown", "user unknown", "no such user", "unknown user", "message blocked", "delayed", "will continue to try", "still being", "not yet been delivered", "warning message only", "reason for the problem", "was undeliverable", "unknown address", "your message cannot", "failed to deliver", "delivery failure", "delivery attempt", "delivery report", "mailbox is full", "mailbox full", "over quota", "quota exceeded", "remote host said", "remote server", "error was", "smtp error", "delivery error", "host said", "said: 5", "said: 4", "550 ", "554 ", "552 ", "553 ", "551 ",
            "konnte nicht zugestellt", "nicht zugestellt werden", "konnte nicht ubermittelt", "zustellung fehlgeschlagen", "unzustellbar", "konnte an", "ihre nachricht", "fehler bei der zustellung", "zustellversuch",
            "n'a pas pu etre remis", "n'a pas ete remis", "n'a pas pu etre distribue", "n'a pu etre", "impossible de remettre", "votre message", "echec de la remise", "n'a pas pu etre delivre",
            "no se pudo entregar", "no se ha podido entregar", "no pudo ser entregado", "no ha sido entregado", "no se puede entregar", "su mensaje", "error en la entrega", "no fue entregado",
            "non e stato possibile", "non e stato recapitato", "impossibile recapitare", "non puo essere recapitato", "il messaggio", "non e stato consegnato", "consegna non riuscita",
            "nao pode ser entregue", "nao foi possivel entregar", "nao foi entregue", "sua mensagem", "a mensagem", "falha na entrega", "kon niet worden", "niet worden bezorgd", "is niet bezorgd", "niet afgeleverd", "uw bericht", "kunde inte levereras", "gick inte att", "kunne ikke leveres", "ei voitu toimittaa", "ei voida toimittaa",
            "nie zostala dostarczona", "nie mogla zostac", "nie mozna dostarczyc", "nie udalo sie dostarczyc", "wiadomosc", "nebylo mozne dorucit", "nelze dorucit", "nepodarilo se dorucit", "vasi zpravu", "nem sikerult", "nem kezbesit", "teslim edilemedi", "iletilemedi", "nu a putut fi",
            "не удалось доставить", "не может быть доставлен", "не было доставлено", "не доставлен", "невозможно доставить", "ваше сообщение", "ваше письмо", "не вдалося",
            "配信できません", "配信できなかった", "届けられません", "配送できません", "お届けできません", "送信できません", "配信不能", "存在しません", "无法送达", "无法投递", "未能送达", "退信", "退回", "無法傳遞", "无法传递", "被拒绝", "投递失败", "배달되지", "배달하지 못", "전송할 수 없", "반송", "לא ניתן", "لم يتم تسليم", "تعذر",
        ],
    )])
});

/// The server has not given up.
pub(super) static DELAYED: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "(delay)", "delayed", "still being attempted", "still being retried", "warning: could not send", "could not send message for past", "warning message only", "do not need to resend", "will continue to try", "will be retried", "will keep trying", "continue trying", "not yet been delivered", "has not yet been", "delivery attempts will continue", "remains in the queue", "still in the queue", "retrying", "will retry", "message is queued", "attempting to deliver", "delay notification", "transient failure",
            "verzogert", "weiterhin versucht", "wird weiter versucht", "noch nicht zugestellt", "retarde", "en attente", "continuera", "retrasad", "se seguira intentando", "in ritardo", "ritardat", "atrasad", "vertraagd", "forsenad", "forsinket", "viivast", "opoznion", "zpozden", "задерж", "отложен", "попытки доставки", "gecik", "遅延", "延迟", "延遲", "지연",
        ],
    )])
});

/// Asked-for good news.
pub(super) static DELIVERED: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "(success)", "(relay)", "successful mail delivery", "was successfully delivered", "has been delivered to", "successfully relayed", "has been successfully relayed", "delivered successfully", "relayed to", "return receipt", "(expanded)", "erfolgreich zugestellt", "weitergeleitet an", "a ete remis", "se ha entregado", "e stato recapitato", "foi entregue", "доставлено успешно",
        ],
    )])
});

/// Subjects of answers of people who are away.
pub(super) static ABSENCE_SUBJECT: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "out of office", "out-of-office", "out of the office", "ooo:", "outofoffice", "away from office", "away from the office", "away from my mail", "away from my email", "away from my desk", "on vacation", "vacation", "on holiday", "annual leave", "on leave", "maternity leave", "paternity leave", "parental leave", "sick leave", "not in the office", "i am away", "i'm away", "currently away", "absent", "absence",
            "abwesend", "abwesenheit", "nicht im buro", "nicht im haus", "im urlaub", "urlaubsnotiz", "urlaub", "ausser haus", "elternzeit", "mutterschutz",
            "absence du bureau", "absent du bureau", "en conge", "conges", "hors du bureau", "en vacances", "je suis absent", "absente", "fuera de la oficina", "fuera de oficina", "ausente", "vacaciones", "ausencia", "fuori ufficio", "fuori sede", "assenza", "in ferie", "assente", "ausencia temporaria", "fora do escritorio", "de ferias", "ausente do escritorio", "fora de escritorio",
            "afwezig", "niet aanwezig", "niet op kantoor", "vakantie", "verlof", "franvaro", "franvarande", "semester", "ej pa kontoret", "fravaer", "ikke til stede", "ikke pa kontoret", "ferie", "poissa", "lomalla", "poissaolo", "poza biurem", "nieobecnosc", "nieobecny", "urlopie", "urlop", "mimo kancelar", "nepritom", "dovolena", "dovolenka", "szabadsag", "hazon kivul", "tavollet", "nem vagyok", "ofis disinda", "ofis disi", "izinde", "izindeyim", "in concediu", "absent din birou", "отсутств", "отпуск", "вне офиса", "нет на месте", "нет на работе", "відпустк", "відсутн", "εκτος γραφειου", "αδεια", "απουσια", "odsoten", "odsotnost", "odsutan", "godisnji odmor", "puhkusel", "atvaļinājum", "atostog",
            "不在", "外出", "休暇", "休み", "休假", "外出自动", "不在办公室", "不在辦公室", "휴가", "부재", "מחוץ למשרד", "בחופשה", "חופשה", "خارج المكتب", "في إجازة", "vang mat", "nghi phep", "di luar kantor", "cuti", "ลาพักร้อน", "ไม่อยู่",
        ],
    )])
});

/// Subjects of automatic answers of any kind.
pub(super) static AUTO_SUBJECT: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "auto:", "automatic reply", "automatic response", "automated reply", "automated response", "auto reply", "auto-reply", "autoreply", "auto response", "auto-response", "autoresponse", "autoresponder", "auto responder", "auto-responder", "autosvar", "auto svar", "automail", "auto message", "automated message", "[auto]", "(auto)", "automatisch generiert", "thank you for contacting", "thank you for your email", "thank you for your e-mail", "thanks for contacting", "we have received your", "we received your", "we've received your", "your request has been received", "your message has been received", "acknowledgement of receipt", "acknowledgment", "ticket received", "request received", "case created", "ticket created",
            "automatische antwort", "autoantwort", "auto-antwort", "automatische ruckantwort", "automatische eingangsbestatigung", "eingangsbestatigung", "empfangsbestatigung", "autom. antwort", "automatische nachricht", "automatische e-mail",
            "reponse automatique", "accuse de reception", "reponse auto", "respuesta automatica", "autorespuesta", "contestador automatico", "acuse de recibo", "risposta automatica", "risponditore automatico", "conferma di ricezione", "resposta automatica", "auto-resposta", "autoresposta", "confirmacao de recebimento", "automatisch antwoord", "automatische beantwoording", "automatische reactie", "ontvangstbevestiging", "automatiskt svar", "automatisk svar", "automatsvar", "automatisk besked", "automaattinen vastaus", "automaattivastaus", "odpowiedz automatyczna", "automatyczna odpowiedz", "autoodpowiedz", "auto-odpowiedz", "automaticka odpoved", "automaticka odpoved", "automatikus valasz", "otomatik yanit", "otomatik cevap", "raspuns automat", "автоответ", "автоматический ответ", "автоматична вiдповiдь", "автоматична відповідь", "автовідповідь", "автоматичен отговор", "αυτοματη απαντηση", "automatski odgovor", "samodejni odgovor", "automaatvastus", "automatiska atbilde", "automatinis atsakymas",
            "自動応答", "自動返信", "自動送信", "自动答复", "自动回复", "自動回覆", "自動答覆", "自动应答", "자동 회신", "자동응답", "자동 응답", "자동회신", "תשובה אוטומטית", "מענה אוטומטי", "رد تلقائي", "رد آلي", "tra loi tu dong", "balasan otomatis", "jawapan automatik", "ตอบกลับอัตโนมัติ", "स्वचालित उत्तर",
        ],
    )])
});

/// Text of people who are away.
pub(super) static ABSENCE_BODY: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "out of the office", "out of office", "away from the office", "away from my desk", "away from my email", "away from my e-mail", "on vacation", "on annual leave", "on holiday", "on leave", "on parental leave", "on maternity leave", "on paternity leave", "i am away", "i'm away", "i am currently away", "i will be away", "limited access to email", "limited access to my email", "limited access to e-mail", "no access to email", "not in the office", "upon my return", "when i return", "return to the office", "i will be back", "i'll be back", "will be back in the office", "be out until", "i'm out until", "i am out until", "i am travelling", "i am traveling",
            "nicht im buro", "nicht im hause", "nicht im haus", "ausser haus", "im urlaub", "abwesend", "abwesenheit", "nicht erreichbar", "in elternzeit", "bin ich wieder", "nach meiner ruckkehr", "wieder im buro", "bis einschliesslich", "nicht am platz", "nicht am arbeitsplatz", "e-mails werden nicht weitergeleitet",
            "absent du bureau", "je suis absent", "je serai absent", "actuellement absent", "en conge", "en vacances", "a mon retour", "de retour le", "hors du bureau", "suis actuellement en", "je suis en deplacement", "fuera de la oficina", "estoy de vacaciones", "estare de vacaciones", "estare ausente", "estoy ausente", "me encuentro fuera", "me encuentro de", "a mi regreso", "de baja", "fuori ufficio", "sono assente", "saro assente", "sono in ferie", "saro in ferie", "al mio rientro", "non sono in ufficio", "saro fuori", "sono fuori", "estou ausente", "estarei ausente", "de ferias", "fora do escritorio", "ao meu retorno", "meu regresso", "em ferias",
            "niet op kantoor", "ben afwezig", "ik ben er niet", "met vakantie", "op vakantie", "niet aanwezig", "ben ik weer", "ben momenteel", "inte pa kontoret", "jag ar pa semester", "har semester", "ar tillbaka", "ar franvarande", "ater pa kontoret", "ikke pa kontoret", "holder ferie", "pa ferie", "har ferie", "er tilbage", "er tilbake", "jeg er ikke til stede", "vaek fra kontoret", "lomalla", "poissa toimistolta", "en ole toimistolla", "palaan", "olen poissa", "vuosilomalla",
            "poza biurem", "jestem na urlopie", "przebywam na urlopie", "jestem nieobecn", "nieobecny", "nieobecna", "wracam", "bede nieobecn", "mimo kancelar", "nejsem v kancelari", "na dovolene", "cerpam dovolenou", "nejsem pritom", "mam dovolen", "szabadsagon vagyok", "szabadsagon", "nem vagyok az irodaban", "hazon kivul", "ofis disinda", "izindeyim", "yillik izin", "izinli", "ofiste olmayacag", "in concediu", "nu sunt in birou", "в отпуске", "отсутствую", "вне офиса", "буду отсутствовать", "нахожусь в отпуске", "нет на рабочем месте", "у відпустці", "буду відсутн", "εκτος γραφειου", "με αδεια", "απουσιαζω", "odsoten", "na dopustu", "na godisnjem",
            "不在にして", "不在と", "休暇", "休みを", "お休み", "外出して", "出張", "休假", "不在办公室", "外出", "度假", "不在辦公室", "휴가", "부재중", "자리를 비", "מחוץ למשרד", "בחופשה", "خارج المكتب", "في إجازة", "nghi phep", "vang mat", "sedang cuti", "di luar kantor",
        ],
    )])
});

/// Text that calls itself automatic.
pub(super) static AUTO_REPLY_BODY: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "this is an automatic", "this is an automated", "this is an auto", "automatically generated", "automated response", "automatic response", "automatic reply", "automated reply", "auto-generated", "auto generated", "autoresponder", "auto-reply", "auto reply", "autoreply", "please do not reply to this", "do not reply to this", "do not respond to this", "this mailbox is not monitored", "mailbox is unmonitored", "no longer monitored", "not monitored", "unattended mailbox", "is no longer in use", "no longer works", "no longer work at", "no longer with the company", "has left the company", "no longer employed", "your request has been received", "we have received your", "has been received and", "a ticket has been",
            "automatisch erzeugt", "automatisch generiert", "automatisch erstellt", "automatische antwort", "automatische nachricht", "automatisierte", "nicht auf diese e-mail", "nicht auf diese mail", "nicht mehr im unternehmen", "nicht mehr fur", "diese e-mail-adresse wird nicht mehr", "wird nicht gelesen",
            "reponse automatique", "message automatique", "genere automatiquement", "envoye automatiquement", "ne pas repondre a ce", "ne repondez pas", "respuesta automatica", "mensaje automatico", "generado automaticamente", "no responda a este", "por favor no responda", "risposta automatica", "messaggio automatico", "generato automaticamente", "non rispondere a questo", "non rispondere a questa", "resposta automatica", "mensagem automatica", "gerado automaticamente", "nao responda a este", "nao responda esta", "automatisch gegenereerd", "automatisch verzonden", "automatisch bericht", "niet op dit bericht", "automatiskt svar", "automatiskt genererat", "automatiskt meddelande", "svara inte pa detta", "automatisk svar", "automatisk genereret", "automatisk generert", "automaattinen vastaus", "automaattinen viesti", "ala vastaa tahan", "odpowiedz automatyczna", "automatyczna odpowiedz", "wygenerowana automatycznie", "wygenerowany automatycznie", "prosimy nie odpowiadac", "automaticka odpoved", "automaticky generovan", "neodpovidejte na", "automatikus valasz", "automatikus uzenet", "otomatik olarak", "otomatik yanit", "lutfen yanitlamayin", "raspuns automat", "автоматически", "автоматическое сообщение", "автоответ", "не отвечайте на это", "автоматично", "αυτοματη απαντηση", "αυτοματοποιημεν", "自動応答", "自動返信", "自動的に送信", "自動配信", "返信しないで", "自动回复", "自动发送", "自动答复", "请勿回复", "自動回覆", "자동으로 발송", "자동 응답", "자동 회신", "회신하지", "הודעה אוטומטית", "رد تلقائي", "رسالة آلية",
        ],
    )])
});

/// Subjects and texts of read receipts without a machine-readable part.
pub(super) static READ_RECEIPT: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "read:", "not read:", "read receipt", "disposition notification", "return receipt (displayed)", "message disposition", "gelesen:", "ungelesen geloscht:", "lesebestatigung", "lu:", "lu :", "accuse de lecture", "confirmation de lecture", "leido:", "confirmacion de lectura", "letto:", "conferma di lettura", "lida:", "lido:", "confirmacao de leitura", "recibo de leitura", "gelezen:", "leesbevestiging", "last:", "laskvitto", "laest:", "lest:", "kvittering", "luettu:", "lukukuittaus", "przeczytano:", "potwierdzenie przeczytania", "precteno:", "potvrzeni o precteni", "прочитано:", "прочтено:", "уведомление о прочтении", "okundu:", "olvasva:", "開封済み:", "開封確認", "已读:", "已讀:", "읽음:",
        ],
    )])
});

pub(super) static READ_BODY: LazyLock<Phrases<()>> = LazyLock::new(|| {
    Phrases::new(&[(
        (),
        &[
            "was read on", "was displayed", "has been displayed", "your message", "no guarantee that the", "was deleted without being read", "wurde gelesen", "am bildschirm", "wurde angezeigt", "ihre nachricht", "a ete lu", "votre message", "fue leido", "su mensaje", "e stato letto", "il messaggio", "foi lida", "sua mensagem", "is gelezen", "uw bericht", "lastes", "blev laest", "ble lest", "on luettu", "zostala przeczytana", "twoja wiadomosc", "byla prectena", "vase zprava", "прочитано", "ваше сообщение", "okundu", "開封", "已读", "已被阅读", "읽었",
        ],
    )])
});
