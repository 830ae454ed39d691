// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc
internal import Locking

/// A page of memory that a worker shares with service control: a heartbeat, and what each thread is working on.
///
/// It outlives the worker, so service control can read it after a death.
@safe
package final class BreadcrumbBoard: @unchecked Sendable {
    // Safe to share: every word is written by one thread (its slot's) with release order; readers check the sequence
    // word before and after they copy.
    package static let slots = 32
    package static let slotOctets = 256
    /// Longest name of an item, in octets; longer ones are cut.
    package static let itemOctets = 224
    private static let size = (slots + 1) * slotOctets

    package let fd: Int32
    private let memory: UnsafeMutableRawPointer

    /// A new board.
    ///
    /// `nil` when the system has no memory or descriptor for it.
    package convenience init?() {
        let fd = unsafe CLinux_memfd("martlet-breadcrumbs", Self.size)
        guard fd >= 0 else { return nil }
        self.init(fd: fd)
    }

    /// The board behind a descriptor that was handed down.
    package init?(fd: Int32) {
        let mapped = unsafe mmap(nil, Self.size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0)
        guard let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else { return nil }
        self.fd = fd
        unsafe memory = mapped
    }

    deinit {
        unsafe munmap(memory, Self.size)
        close(fd)
    }

    // MARK: Heartbeat

    /// Says that the worker's main loop turns.
    ///
    /// Runs on one thread only.
    package func beat() { unsafe CLinux_store64(heartbeatWord, CLinux_load64(heartbeatWord) &+ 1) }

    package var heartbeat: UInt64 { unsafe CLinux_load64(heartbeatWord) }

    private var heartbeatWord: UnsafeMutablePointer<UInt64> {
        unsafe memory.assumingMemoryBound(to: UInt64.self)
    }

    // MARK: Crashes

    /// Has a crash of this process end it at once, and be looked into in a copy of it, when the runtime writes crash
    /// reports.
    ///
    /// The board must live as long as the process.
    package func reportCrashesFromACopy() { unsafe _ = CLinux_report_crashes_from_a_copy(reporterWord) }

    /// The process that writes the crash report of a dead worker, if one does.
    package var reporter: Int32? {
        let word = unsafe CLinux_load64(reporterWord)
        return word == 0 ? nil : Int32(exactly: word)
    }

    private var reporterWord: UnsafeMutablePointer<UInt64> {
        unsafe (memory + 8).assumingMemoryBound(to: UInt64.self)
    }

    // MARK: Items

    /// Notes that the thread of `slot` works on `item`, or (`nil`) on nothing that could be blamed.
    package func note(_ item: String?, slot: Int) {
        guard (0..<Self.slots).contains(slot) else { return }
        let base = unsafe memory + (slot + 1) * Self.slotOctets
        let sequence = unsafe base.assumingMemoryBound(to: UInt64.self)
        let next = unsafe CLinux_load64(sequence) &+ 1
        unsafe CLinux_store64(sequence, next | 1)
        let octets = Array((item ?? "").utf8.prefix(Self.itemOctets))
        unsafe (base + 8).storeBytes(of: UInt64(octets.count), as: UInt64.self)
        unsafe (base + 16).copyMemory(from: octets, byteCount: octets.count)
        CLinux_fence()
        unsafe CLinux_store64(sequence, (next | 1) &+ 1)
    }

    /// What was being worked on.
    ///
    /// For a dead worker.
    package var items: [String] {
        (0..<Self.slots).compactMap { slot in
            let base = unsafe memory + (slot + 1) * Self.slotOctets
            let count = unsafe (base + 8).loadUnaligned(as: UInt64.self)
            guard count > 0, count <= UInt64(Self.itemOctets) else { return nil }
            let octets = unsafe UnsafeRawBufferPointer(start: base + 16, count: Int(count))
            return unsafe String(decoding: octets, as: UTF8.self)
        }
    }
}

/// Notes what the calling thread works on, for the time of a closure.
package struct Breadcrumbs: Sendable {
    private let board: BreadcrumbBoard?

    package init(board: BreadcrumbBoard?) { self.board = board }

    /// For tests and tools: notes nothing.
    package static let none = Breadcrumbs(board: nil)

    /// Runs `body`, which must not suspend, with `item` noted: if this process dies meanwhile, the item is suspect.
    package func working<Result, Failure: Error>(
        on item: String,
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        guard let board else { return try body() }
        let slot = ThreadSlots.current
        board.note(item, slot: slot)
        defer { board.note(nil, slot: slot) }
        return try body()
    }
}

/// Gives each thread of the process a slot number, first come, first served.
///
/// Threads beyond the slots note nothing.
private enum ThreadSlots {
    private static let next = Lock(0)
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        unsafe pthread_key_create(&key, nil)
        return key
    }()

    static var current: Int {
        if let value = unsafe pthread_getspecific(key) { return Int(bitPattern: value) - 1 }
        let slot = next.withLock { next in
            defer { next += 1 }
            return next
        }
        unsafe pthread_setspecific(key, UnsafeRawPointer(bitPattern: slot + 1))
        return slot
    }
}
