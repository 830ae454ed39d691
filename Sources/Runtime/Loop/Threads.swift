// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// Starts threads that run Swift closures.
package enum Threads {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts a detached thread with a name of at most 15 octets (longer ones are cut).
    ///
    /// Ends the process when the system has no thread to give: for threads that are started at start-up.
    package static func start(name: String, _ run: @escaping @Sendable () -> Void) {
        guard tryStart(name: name, run) else { fatalError("cannot start the thread \(name): the system has none") }
    }

    /// As `start`; false when the system has no thread to give.
    package static func tryStart(name: String, _ run: @escaping @Sendable () -> Void) -> Bool {
        var attributes = pthread_attr_t()
        unsafe pthread_attr_init(&attributes)
        unsafe pthread_attr_setdetachstate(&attributes, CInt(PTHREAD_CREATE_DETACHED))
        unsafe pthread_attr_setstacksize(&attributes, 4 << 20)
        let context = unsafe Unmanaged.passRetained(Body(run)).toOpaque()
        var thread = pthread_t()
        let result = unsafe pthread_create(
            &thread,
            &attributes,
            { context in
                guard let context = unsafe context else { return nil }
                unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            },
            context
        )
        unsafe pthread_attr_destroy(&attributes)
        guard result == 0 else {
            unsafe Unmanaged<Body>.fromOpaque(context).release()
            return false
        }
        unsafe CLinux_name_thread(thread, String(name.prefix(15)))
        return true
    }
}
