// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CUV
internal import Glibc

/// How a child process ended.
package enum ProcessEnd: Sendable, Hashable, CustomStringConvertible {
    case exited(code: Int64)
    case signalled(Int32)

    /// It ended itself: an error of the program, or a hang that it was ended for (SIGABRT).
    package var isFault: Bool {
        if case .signalled(let signal) = self { signal != SIGKILL && signal != SIGTERM } else { false }
    }

    package var description: String {
        switch self {
        case .exited(let code): "exit \(code)"
        case .signalled(let signal): "signal \(signal) (\(unsafe String(cString: strsignal(signal))))"
        }
    }
}

/// A child process that a loop watches over.
@safe
package final class ChildProcess {
    package let pid: Int32
    private let handle: UnsafeMutablePointer<uv_process_t>

    private final class Watch {
        let onEnd: (ProcessEnd) -> Void
        init(_ onEnd: @escaping (ProcessEnd) -> Void) { self.onEnd = onEnd }
    }

    /// Starts `path`.
    ///
    /// The child gets `descriptors[n]` as descriptor `n` and no others (nil: /dev/null). `onEnd` is called on the
    /// loop's thread once it has ended. Runs on `loop`.
    package init(
        path: String,
        arguments: [String],
        environment: [String],
        descriptors: [Int32?],
        loop: EventLoop,
        onEnd: @escaping (ProcessEnd) -> Void
    ) throws(IOError) {
        let handle = UnsafeMutablePointer<uv_process_t>.allocate(capacity: 1)
        unsafe handle.initialize(to: uv_process_t())
        let watch = unsafe Unmanaged.passRetained(Watch(onEnd))
        unsafe handle.pointee.data = watch.toOpaque()
        let result = unsafe Self.spawn(handle, path, arguments, environment, descriptors, loop)
        guard result == 0 else {
            unsafe watch.release()
            unsafe closeHandle(handle)
            throw .system(errno: -result, call: "start \(path)")
        }
        unsafe self.handle = handle
        unsafe pid = handle.pointee.pid
    }

    package func signal(_ number: Int32) { kill(pid, number) }

    private static func spawn(
        _ handle: UnsafeMutablePointer<uv_process_t>,
        _ path: String,
        _ arguments: [String],
        _ environment: [String],
        _ descriptors: [Int32?],
        _ loop: EventLoop
    ) -> Int32 {
        var containers = unsafe descriptors.map { descriptor in
            var container = unsafe uv_stdio_container_t()
            unsafe container.flags = descriptor == nil ? UV_IGNORE : UV_INHERIT_FD
            unsafe container.data.fd = descriptor ?? -1
            return unsafe container
        }
        let file = unsafe strdup(path)
        var argumentPointers = unsafe ([path] + arguments).map { unsafe strdup($0) } + [nil]
        var environmentPointers = unsafe environment.map { unsafe strdup($0) } + [nil]
        defer {
            unsafe free(file)
            unsafe (argumentPointers + environmentPointers).forEach { unsafe free($0) }
        }
        return unsafe argumentPointers.withUnsafeMutableBufferPointer { arguments in
            unsafe environmentPointers.withUnsafeMutableBufferPointer { environment in
                unsafe containers.withUnsafeMutableBufferPointer { containers in
                    var options = unsafe uv_process_options_t()
                    unsafe options.file = UnsafePointer(file)
                    unsafe options.args = arguments.baseAddress
                    unsafe options.env = environment.baseAddress
                    unsafe options.stdio = containers.baseAddress
                    unsafe options.stdio_count = Int32(containers.count)
                    unsafe options.exit_cb = { handle, code, signal in
                        guard let handle = unsafe handle, let data = unsafe handle.pointee.data else { return }
                        let watch = unsafe Unmanaged<Watch>.fromOpaque(data).takeRetainedValue()
                        unsafe closeHandle(handle)
                        watch.onEnd(signal != 0 ? .signalled(signal) : .exited(code: code))
                    }
                    return unsafe uv_spawn(loop.uv, handle, &options)
                }
            }
        }
    }
}
