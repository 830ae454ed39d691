// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    static let messageLoops = EventDefinition(
        4115,
        "smtp.message.loop",
        .warning,
        text: "A message was refused because it goes round in a loop.",
        cause: "It has passed more servers than smtp/maximum-received-fields allows.",
        action: "Look for servers or forwarding rules that send to each other."
    )
    static let plaintextBehindStartTLS = EventDefinition(
        9350,
        "smtp.tls.injection",
        .warning,
        text: "A client sent commands behind STARTTLS in the clear; the connection was closed.",
        cause: "A broken client, or somebody on the line who tries to slip commands into the protected session.",
        action: "Look at the client; nothing was accepted from it."
    )
    static let messageAccepted = EventDefinition(
        9351,
        "smtp.message.accepted",
        .information,
        text: "A message was accepted.",
        cause: "All its octets are safe.",
        action: "None."
    )
    static let messageRefused = EventDefinition(
        9352,
        "smtp.message.refused",
        .information,
        text: "A message was refused or put off at the end of its data.",
        cause: "The reply says why.",
        action: "None, unless it should have been accepted."
    )
    static let smugglingRefused = EventDefinition(
        9353,
        "smtp.message.smuggling",
        .warning,
        text: "A smuggling attempt was refused: message data with a CR or LF on its own.",
        cause: "The sender breaks RFC 5321 §2.3.8, by defect or to have one message read as two.",
        action: "If the sender is to be accepted all the same, set smtp/<n>/bare-newline to normalize for it."
    )
    static let recipientRefused = EventDefinition(
        9354,
        "smtp.recipient.refused",
        .information,
        text: "A recipient was refused.",
        cause: "The reply says why.",
        action: "None, unless the address should exist."
    )
    static let relayRefused = EventDefinition(
        9355,
        "smtp.relay.refused",
        .failureAudit,
        text: "A client asked to relay to a domain that is not served here.",
        cause: "Relay is closed to clients that have not logged on.",
        action: "Have the client log on, or add the domain if it is served here."
    )
    static let senderRefused = EventDefinition(
        9356,
        "smtp.sender.refused",
        .failureAudit,
        text: "A user may not send under this address.",
        cause: "The reverse-path or From address is not one of the user's own.",
        action: "Give the user the address as an alias if it is right."
    )
    static let loggedOn = EventDefinition(
        9357,
        "smtp.authentication.succeeded",
        .successAudit,
        text: "A user logged on.",
        cause: "The proof was right.",
        action: "None."
    )
    static let logOnFailed = EventDefinition(
        9358,
        "smtp.authentication.failed",
        .failureAudit,
        text: "A log-on failed.",
        cause: "Wrong user or password, or the account may not submit.",
        action: "If it goes on from one address, block that address."
    )
    static let sessionCutOff = EventDefinition(
        9359,
        "smtp.session.cut",
        .information,
        text: "A connection was ended because it used up what it may use.",
        cause: "Too many errors, too many commands that do nothing, or too much time.",
        action: "Look at the client if it is one of yours."
    )
    static let handshakeFailed = EventDefinition(
        9360,
        "smtp.tls.failed",
        .information,
        text: "A TLS handshake failed.",
        cause: "The client does not trust the certificate, or has no protocol version in common with this server.",
        action: "Compare the certificate's names and issuer with what the client expects."
    )
    static let sessionFaulty = EventDefinition(
        9361,
        "smtp.session.faulty",
        .information,
        text: "A client sent what is no command, or left without QUIT.",
        cause: "A program that is no mail client, a client with a fault, or a connection that broke.",
        action: "None, unless it is a client of yours."
    )
    static let queueAskedFor = EventDefinition(
        9362,
        "smtp.queue.asked",
        .information,
        text: "A client asked for the mail that waits for a domain (ETRN).",
        cause: "Its address is in smtp/etrn-networks or smtp/trusted-networks.",
        action: "None."
    )
    static let talkedEarly = EventDefinition(
        9363,
        "smtp.client.early",
        .information,
        text: "A client sent before it was its turn.",
        cause: "It is a program that does not read answers: often one that sends unwanted mail.",
        action: "None; smtp/early-talkers refuses such clients."
    )
    static let rateExceeded = EventDefinition(
        9364,
        "smtp.rate.exceeded",
        .warning,
        text: "A client was put off because it does more than it may.",
        cause: "One of the limits smtp/...-per-address, -per-network and -per-account is reached.",
        action: "If the client is right, raise the limit or name it in smtp/trusted-networks."
    )
    static let namesGuessed = EventDefinition(
        9365,
        "smtp.recipient.guessing",
        .warning,
        text: "A client asks for many addresses that do not exist; it is answered slowly.",
        cause: "Somebody looks for valid addresses, or an old list is used.",
        action: "None, unless it is a client of yours."
    )
    static let newlinesMadeWhole = EventDefinition(
        9366,
        "smtp.message.newlines",
        .information,
        text: "A message had CR or LF on their own; they were made whole line ends.",
        cause: "smtp/bare-newline or smtp/bare-newline-networks allows it for this client.",
        action: "None; if it is a client of yours, have it mended."
    )
    static let clientPresented = EventDefinition(
        9367,
        "smtp.client.presented",
        .information,
        text: "A proxy said for whom it speaks (XCLIENT).",
        cause: "It is in smtp/xclient-networks.",
        action: "None."
    )
    static let listed = EventDefinition(
        9368,
        "smtp.client.listed",
        .information,
        text: "A client is on lists of addresses.",
        cause: "The lists of smtp/dns-lists have its address; the fields name them.",
        action: "None; if the client is right, ask who keeps the list, or name it in smtp/trusted-networks."
    )
    static let listsUnanswered = EventDefinition(
        9369,
        "smtp.lists.unanswered",
        .warning,
        text: "Lists of addresses do not answer; for a minute they are not asked.",
        cause: "The resolver or the lists' name servers do not answer in smtp/dns-list-timeout.",
        action: "See martlet dns status; take lists that are gone out of smtp/dns-lists."
    )
    static let greylisted = EventDefinition(
        9370,
        "smtp.recipient.greylisted",
        .information,
        text: "A stranger was put off.",
        cause: "smtp/greylist is on, and nobody of this network has sent from this sender to this recipient.",
        action: "None; a mail server tries again."
    )
    static let putOffOften = EventDefinition(
        9378,
        "smtp.session.put-off",
        .information,
        text: "A client was put off many times in one session; only the first times have events of their own.",
        cause: "It goes on asking while one of its limits is reached, or for recipients who cannot be taken yet.",
        action: "None, unless it is a client of yours; smtp.rate.exceeded says which limit."
    )
    static let relayedOnDemand = EventDefinition(
        9381,
        "smtp.on-demand.relayed",
        .information,
        text: "Somebody asked for the mail that is held for them; the connection was turned round (ATRN).",
        cause: "A user whom a connector names (connector/<name>/relay-users) logged on and asked.",
        action: "None."
    )
    static let senderTakesNoMail = EventDefinition(
        9380,
        "smtp.sender.null-mx",
        .information,
        text: "A sender was refused whose domain takes no mail (550 5.7.27).",
        cause: "The domain has a null MX record (RFC 7505), and smtp/refuse-null-mx-senders is on.",
        action: "None; nobody at such a domain could be told of a failure."
    )
}

package let smtpServerEvents: [EventDefinition] = [
    .messageLoops, .plaintextBehindStartTLS, .messageAccepted, .messageRefused, .smugglingRefused, .recipientRefused,
    .relayRefused, .senderRefused, .loggedOn, .logOnFailed, .sessionCutOff, .handshakeFailed,
    .sessionFaulty, .queueAskedFor, .talkedEarly, .rateExceeded, .namesGuessed, .newlinesMadeWhole,
    .clientPresented, .listed, .listsUnanswered, .greylisted,
    .senderTakesNoMail, .putOffOften, .relayedOnDemand,
]
