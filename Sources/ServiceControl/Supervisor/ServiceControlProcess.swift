// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
internal import Glibc
internal import Runtime
package import Settings

/// The main of `martlet serve`.
package enum ServiceControlProcess {
    /// How long a taken port is tried again: the workers of a predecessor may still be ending.
    private static let bindPatience: Duration = .seconds(3)

    /// Runs an instance until it is told to stop (SIGTERM, SIGINT, or by an administrator).
    ///
    /// Throws what keeps it from starting.
    package static func run(
        _ layout: InstanceLayout,
        tree: SettingsTree,
        makeEvents: @escaping @Sendable (InstanceLayout, String, LiveSettings) -> EventRecorder
    ) throws(InstanceError) {
        raiseDescriptorLimit()
        try layout.prepare()
        let lock = try InstanceLock(layout)
        defer { _ = lock }
        layout.removeLeftovers()
        let file = SettingsFile(dataFolder: layout.data, tree: tree)
        let (snapshot, problems) = file.load()
        let settings = LiveSettings(snapshot)
        let events = makeEvents(layout, "control", settings)
        for problem in problems { events.record(.settingsRefused, ["problem": .string(problem.description)]) }
        try AssertionKey.renew(layout)
        let wanted = snapshot[ServiceSettings.backEndWorkers]
        if try !AccountOwners.fix(wanted, layout) {
            let reason =
                "\(ServiceSettings.backEndWorkers.path) = \(wanted): the accounts are divided over "
                + "\(AccountOwners(layout).workers) workers since the first start, which stays so"
            events.record(.settingsRefused, ["problem": .string(reason)])
        }
        let sockets = try bind(snapshot, events)
        try giveUpRoot(layout, snapshot, events)
        events.record(.started, ["pid": .count(getpid()), "data": .string(layout.data)])
        let failure: InstanceError? = EventLoop.runBlocking(name: "control") { loop in
            do throws(InstanceError) {
                let supervisor = try Supervisor(
                    loop: loop,
                    layout: layout,
                    settingsFile: file,
                    settings: settings,
                    events: events,
                    sockets: sockets,
                    backEndWorkers: AccountOwners(layout).workers
                )
                await supervise(supervisor, on: loop)
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw failure }
        events.record(.stateChanged, ["worker": "control", "state": "stopped"])
    }

    private static func supervise(_ supervisor: Supervisor, on loop: EventLoop) async {
        for number in [SIGTERM, SIGINT] {
            loop.onSignal(number) { supervisor.assumeIsolated { $0.stopAll() } }
        }
        loop.onSignal(SIGHUP) { supervisor.assumeIsolated { $0.reloadSettings() } }
        await supervisor.run()
    }

    private static func bind(_ settings: SettingsSnapshot, _ events: EventRecorder) throws(InstanceError)
        -> BoundSockets
    {
        let limit = ContinuousClock.now + bindPatience
        while true {
            do throws(InstanceError) {
                return try BoundSockets(settings)
            } catch {
                guard error.exitCode == BoundSockets.portTaken, limit > .now else {
                    events.record(.cannotBind, ["error": .string(error.message)])
                    throw error
                }
                usleep(100_000)
            }
        }
    }

    private static func giveUpRoot(
        _ layout: InstanceLayout,
        _ settings: SettingsSnapshot,
        _ events: EventRecorder
    ) throws(InstanceError) {
        guard geteuid() == 0 else { return }
        let name = settings[ServiceSettings.user]
        let user = ServiceUser(named: name == "auto" ? "martlet" : name)
        guard name != "auto" || user?.canReach(layout) == true else {
            return events.record(.runsAsRoot)
        }
        guard let user else {
            throw InstanceError("service/user: there is no user \"\(name)\" on this system", exitCode: 67)
        }
        guard user.user != 0 else { return }
        guard user.canReach(layout) else {
            throw InstanceError(
                "user \(name) cannot reach \(layout.data): a folder above it is closed to it",
                exitCode: 77
            )
        }
        user.takeOver(layout)
        try user.become(for: layout)
    }
}
