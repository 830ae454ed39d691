// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import Runtime
package import Settings

/// What every worker process has to work with.
package struct WorkerContext: Sendable {
    package let inheritance: WorkerInheritance
    package let layout: InstanceLayout
    /// The worker's main loop; it took the calls of `WorkerProcess.run`.
    package let loop: EventLoop
    package let settings: LiveSettings
    package let events: EventRecorder
    package let breadcrumbs: Breadcrumbs
    package let setAside: SetAsideItems
    package let control: ServiceControlClient
    package let sideLoops = SideLoops()

    package init(
        inheritance: WorkerInheritance,
        layout: InstanceLayout,
        loop: EventLoop,
        settings: LiveSettings,
        events: EventRecorder,
        breadcrumbs: Breadcrumbs,
        setAside: SetAsideItems,
        control: ServiceControlClient
    ) {
        self.inheritance = inheritance
        self.layout = layout
        self.loop = loop
        self.settings = settings
        self.events = events
        self.breadcrumbs = breadcrumbs
        self.setAside = setAside
        self.control = control
    }
}

/// A role at work in a worker.
package struct RunningRole: Sendable {
    /// Takes nothing new, finishes what was begun, and returns when that is done.
    package let drain: @Sendable () async -> Void

    package init(drain: @escaping @Sendable () async -> Void) { self.drain = drain }

    /// Listeners whose sessions run on `loops`: accepting stops, sessions are told to end, and are waited for.
    package init(listeners: [Listener], loops: [EventLoop]) {
        let running = listeners.map { listener in Task { await listener.run() } }
        drain = {
            for listener in listeners { listener.stop() }
            for loop in loops { loop.execute { loop.shutdownConnections() } }
            for task in running { await task.value }
        }
    }
}
