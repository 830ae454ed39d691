// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events

extension EventDefinition {
    package static let workerDied = EventDefinition(
        4097,
        "service.worker.died",
        .error,
        text: "A worker ended although it was not asked to",
        cause: "It trapped, was killed, or hung; the fields name the signal and what it worked on.",
        action: "Nothing: it was started again. When it trapped, event 9010 follows with the crash report."
    )
    package static let crashReported = EventDefinition(
        9010,
        "service.crash.reported",
        .error,
        text: "The crash report of a worker is written",
        cause: "A worker trapped (event 4097); the fields name the report, and the function, file and line.",
        action: "Send the crash report to the developers."
    )
    package static let workerRestarted = EventDefinition(
        7031,
        "service.worker.recovery",
        .warning,
        text: "A worker ended unexpectedly; it is started again",
        cause: "A death (event 4097) was met with the recovery action of service/recovery.",
        action: "Nothing, unless it happens again and again."
    )
    package static let workerGivenUp = EventDefinition(
        7034,
        "service.worker.given-up",
        .error,
        text: "A worker failed too often in a row; it is only tried again every five minutes",
        cause: "The breaker of service/recovery opened.",
        action: "Look at the events 4097 before this one, mend the cause, then say martlet service restart."
    )
    package static let stateChanged = EventDefinition(
        7036,
        "service.state.changed",
        .information,
        text: "A service entered another state",
        cause: "It was started, became ready, was stopped, or failed.",
        action: "Nothing."
    )
    package static let itemSetAside = EventDefinition(
        4116,
        "service.item.set-aside",
        .error,
        text: "An item was set aside because workers died on it twice",
        cause: "The same item was being worked on at two deaths.",
        action: "Mail in it is kept and served as opaque octets. Send the crash reports to the developers."
    )
    package static let cannotBind = EventDefinition(
        4007,
        "service.listener.cannot-bind",
        .error,
        text: "A listener's address could not be bound",
        cause: "Another program listens there, or the address or the privilege is missing.",
        action: "Stop the other program, or change the listener's port or service/port-base."
    )
    package static let started = EventDefinition(
        9000,
        "service.started",
        .information,
        text: "Service control started",
        cause: "martlet serve was run.",
        action: "Nothing."
    )
    package static let stopping = EventDefinition(
        9001,
        "service.stopping",
        .information,
        text: "Service control is stopping all services",
        cause: "It was asked to by a signal or by martlet service stop.",
        action: "Nothing."
    )
    package static let workerHangs = EventDefinition(
        9002,
        "service.worker.hangs",
        .error,
        text: "A worker's heartbeat stopped; it is ended",
        cause: "Its main loop stood still for service/hang-timeout.",
        action: "Nothing: it is started again. The crash report shows where it stood."
    )
    package static let cannotStart = EventDefinition(
        9003,
        "service.worker.cannot-start",
        .error,
        text: "A worker process could not be started",
        cause: "The system refused to make the process; the field says why.",
        action: "Free memory or processes; it is tried again by the recovery policy."
    )
    package static let runsAsRoot = EventDefinition(
        9004,
        "service.user.root",
        .warning,
        text: "The services keep running as root",
        cause: "service/user is auto and there is no user martlet, or that user cannot reach the data folder.",
        action: "Make a user martlet and keep the data folder where it can reach it, or set service/user."
    )
    package static let settingsRefused = EventDefinition(
        9005,
        "service.settings.refused",
        .error,
        text: "A line of the settings file is not used",
        cause: "Its key or value is not one there is; the fields name the line and the reason.",
        action: "Mend the line; until then the value before it, or the default, is in force."
    )
    package static let settingsApplied = EventDefinition(
        9006,
        "service.settings.applied",
        .information,
        text: "Changed settings are in force",
        cause: "The settings file was changed.",
        action: "Nothing, unless a changed key is not live: then restart the service."
    )
    package static let workerNotDraining = EventDefinition(
        9007,
        "service.worker.drain-ended",
        .warning,
        text: "A worker did not finish in time and was ended",
        cause: "It had sessions open after service/drain-time.",
        action: "Nothing. Clients connect again."
    )
    package static let workerCannotServe = EventDefinition(
        9008,
        "service.worker.cannot-serve",
        .error,
        text: "A worker could not begin its service",
        cause: "Something it needs cannot be had; the field says what.",
        action: "Mend what the field names; the worker is tried again by the recovery policy."
    )
    package static let workerOrphaned = EventDefinition(
        9009,
        "service.worker.orphaned",
        .error,
        text: "Service control is gone; the worker ends",
        cause: "Service control was killed.",
        action: "Start Martlet again."
    )
    package static let certificateUnusable = EventDefinition(
        9100,
        "tls.certificate.unusable",
        .error,
        text: "The server certificate cannot be used",
        cause: "Its file or its key is missing, unreadable, or they do not belong together.",
        action:
            "Put both into place (martlet certificate create makes a self-signed one); it is taken up within seconds."
    )
    package static let certificateReloaded = EventDefinition(
        9101,
        "tls.certificate.reloaded",
        .information,
        text: "A changed server certificate is in force",
        cause: "Its files changed.",
        action: "Nothing."
    )
    package static let proxyWithoutHeader = EventDefinition(
        9102,
        "net.proxy.silent",
        .warning,
        text: "A connection of a proxy was closed: it does not say for whom it calls",
        cause: "The proxy's address is in <listener>/proxy-networks, and it sends no PROXY protocol header.",
        action: "Switch the PROXY protocol on at the proxy, or take it out of the setting."
    )
}

package let serviceControlEvents: [EventDefinition] = [
    .workerDied, .crashReported, .workerRestarted, .workerGivenUp, .stateChanged, .itemSetAside, .cannotBind, .started,
    .stopping,
    .workerHangs, .cannotStart, .runsAsRoot, .settingsRefused, .settingsApplied, .workerNotDraining, .workerCannotServe,
    .workerOrphaned, .certificateUnusable,
    .certificateReloaded, .proxyWithoutHeader,
]
