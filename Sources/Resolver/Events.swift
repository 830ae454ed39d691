// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    package static let resolverConfigured = EventDefinition(
        9650,
        "resolver.configured",
        .information,
        text: "The resolver knows whom to ask.",
        cause: "It started, or settings or resolv.conf changed.",
        action: "None."
    )
    package static let resolverWithoutDNSSEC = EventDefinition(
        9651,
        "resolver.dnssec.absent",
        .warning,
        text: "The name servers take signatures out of answers; answers are not proved.",
        cause: "The servers of resolver/forwarders or resolv.conf do not support DNSSEC.",
        action: "Ask others (resolver/forwarders), or set resolver/forwarders = recursion; require makes it an error."
    )
    package static let resolverNotConfigured = EventDefinition(
        9652,
        "resolver.configuration.failed",
        .error,
        text: "The resolver cannot work with its settings; it goes on with those it had.",
        cause: "A file that the settings name cannot be read, or the system has no memory.",
        action: "See the error; correct the settings below resolver/."
    )
    package static let resolverSilent = EventDefinition(
        9653,
        "resolver.servers.silent",
        .error,
        text: "No question to the name servers is answered.",
        cause: "The name servers or the way to them are down; mail waits in the queue.",
        action: "Check the network; martlet dns test asks the servers one by one."
    )
    package static let resolverAnswers = EventDefinition(
        9654,
        "resolver.servers.answer",
        .information,
        text: "Questions to the name servers are answered again.",
        cause: "The name servers or the way to them are back.",
        action: "None."
    )
    package static let resolverLater = EventDefinition(
        9655,
        "resolver.domain.later",
        .information,
        text: "The mail hosts of a domain could not be found out now.",
        cause: "Its name servers do not answer, answer nonsense, or their answers are not proved.",
        action: "None, unless many domains are affected: then martlet dns test."
    )
    package static let resolverBogus = EventDefinition(
        9656,
        "resolver.answer.bogus",
        .warning,
        text: "DNSSEC found an answer false.",
        cause: "The domain's signatures are broken or out of date, or somebody forges answers.",
        action:
            "When the domain is yours, or is known to be right, mend it; otherwise its mail waits until it is mended."
    )
    package static let resolverSetAside = EventDefinition(
        9657,
        "resolver.name.set-aside",
        .warning,
        text: "A name is not asked for, because the resolver died over its answer.",
        cause: "The resolver was reading an answer about this name each time it died.",
        action: "Send the crash report to the authors; mail to the domain waits meanwhile."
    )
    package static let resolverUnreachable = EventDefinition(
        9658,
        "resolver.unreachable",
        .error,
        text: "The resolver could not be asked in time.",
        cause: "Its process does not run, or restarted again and again.",
        action: "See martlet service list and the events of the resolver; mail waits in the queue."
    )
}

package let resolverEvents: [EventDefinition] = [
    .resolverConfigured, .resolverWithoutDNSSEC, .resolverNotConfigured, .resolverSilent, .resolverAnswers,
    .resolverLater, .resolverBogus, .resolverSetAside, .resolverUnreachable,
]
