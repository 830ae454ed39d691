// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc

extension EventLoop {
    private final class Watch {
        let body: () -> Void
        init(_ body: @escaping () -> Void) { self.body = body }
    }

    /// Calls `body` on this loop whenever the process gets the signal, for as long as the loop runs.
    ///
    /// Runs on the loop.
    package func onSignal(_ number: Int32, _ body: @escaping () -> Void) {
        let handle = UnsafeMutablePointer<uv_signal_t>.allocate(capacity: 1)
        unsafe uv_signal_init(uv, handle)
        unsafe handle.pointee.data = Unmanaged.passRetained(Watch(body)).toOpaque()
        unsafe uv_signal_start(
            handle,
            { handle, _ in
                guard let data = unsafe handle?.pointee.data else { return }
                unsafe Unmanaged<Watch>.fromOpaque(data).takeUnretainedValue().body()
            },
            number
        )
    }

    /// Calls `body` on this loop again and again, for as long as the loop runs.
    ///
    /// Runs on the loop.
    package func every(_ interval: Duration, _ body: @escaping () -> Void) {
        let handle = UnsafeMutablePointer<uv_timer_t>.allocate(capacity: 1)
        unsafe uv_timer_init(uv, handle)
        unsafe handle.pointee.data = Unmanaged.passRetained(Watch(body)).toOpaque()
        let milliseconds = max(1, interval.wholeMilliseconds)
        unsafe uv_timer_start(
            handle,
            { handle in
                guard let data = unsafe handle?.pointee.data else { return }
                unsafe Unmanaged<Watch>.fromOpaque(data).takeUnretainedValue().body()
            },
            milliseconds,
            milliseconds
        )
    }
}
