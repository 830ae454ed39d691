// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import CLinux
internal import Glibc

/// A table of a fixed number of words by keys, in memory that processes may share.
///
/// From any thread of any of them. Nobody waits for anybody: each change is an exchange of one word, so that a process
/// which dies in the middle leaves nothing locked and nothing torn. The worst that two may do to each other, who use
/// the same places at the same moment, is that a change gets lost or is another key's: what is kept must bear that.
///
/// A word of 0 is as good as none. Where there is no place for a new key, the key with the smallest word near its place
/// gives way.
@safe
package final class SharedTable: @unchecked Sendable {
    // Safe to share: all words are read and changed atomically, and the memory lives as long as this.
    package let slots: Int
    private let memory: UnsafeMutableRawPointer

    /// Places that a key may have, one behind the other.
    private static let reach = 8
    /// Before the slots: what places depend on, and a count of changes.
    private static let headerOctets = 16
    private static let slotOctets = 16

    /// Octets of a table, whole pages.
    ///
    /// - Parameter slots: a power of two.
    package static func octets(slots: Int) -> Int { (headerOctets + slots * slotOctets + 4095) & ~4095 }

    /// Memory to share: an anonymous file of zeros, whose pages exist when they are first written to.
    ///
    /// The caller owns the descriptor; `nil` when the system has none.
    package static func makeMemory(octets: Int) -> Int32? {
        let fd = unsafe CLinux_memfd("martlet-tables", octets)
        return fd < 0 ? nil : fd
    }

    /// A table of this process alone; `nil` when there is no memory.
    package convenience init?(slots: Int) {
        unsafe self.init(
            slots,
            mmap(nil, Self.octets(slots: slots), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        )
    }

    /// The table at `offset` (whole pages) of memory that is shared; `nil` when it is not as large as that.
    ///
    /// The descriptor stays the caller's, and may be closed.
    package convenience init?(slots: Int, sharedIn fd: Int32, at offset: Int) {
        // Memory behind the end would end the process that touches it.
        guard lseek(fd, 0, SEEK_END) >= offset + Self.octets(slots: slots) else { return nil }
        unsafe self.init(
            slots,
            mmap(nil, Self.octets(slots: slots), PROT_READ | PROT_WRITE, MAP_SHARED, fd, off_t(offset))
        )
    }

    private init?(_ slots: Int, _ mapped: UnsafeMutableRawPointer?) {
        guard slots > 0, slots & (slots - 1) == 0, let mapped = unsafe mapped, unsafe mapped != MAP_FAILED else {
            return nil
        }
        self.slots = slots
        unsafe memory = mapped
        // Whoever is first decides.
        _ = exchange(Self.secretOffset, 0, .random(in: 1 ... .max))
    }

    deinit { unsafe munmap(memory, Self.octets(slots: slots)) }

    // MARK: Words

    /// Goes up with each change, though not always by one.
    package var changes: UInt64 { load(Self.changesOffset) }

    /// Changes the word of a key, which is 0 where there is none; returns what `body` gave with the word that was put.
    ///
    /// - Parameters:
    ///   - key: evenly spread, as of a digest; 0 is taken as 1.
    ///   - body: gets the word, gives the new one; may be called again when another process was faster.
    package func change<Result>(_ key: UInt64, _ body: (UInt64) -> (word: UInt64, result: Result)) -> Result {
        let offset = Self.wordOffset(place(of: max(1, key)))
        while true {
            let old = load(offset)
            let (new, result) = body(old)
            guard new != old else { return result }
            guard exchange(offset, old, new) else { continue }
            unsafe CLinux_store64(pointer(Self.changesOffset), changes &+ 1)
            return result
        }
    }

    /// All keys whose words are not 0.
    ///
    /// Looks at every slot: some milliseconds.
    package func forEach(_ body: (_ key: UInt64, _ word: UInt64) -> Void) {
        for place in 0..<slots {
            let key = load(Self.keyOffset(place))
            let word = load(Self.wordOffset(place))
            // A key that gave way meanwhile has not that word.
            guard key != 0, word != 0, load(Self.keyOffset(place)) == key else { continue }
            body(key, word)
        }
    }

    // MARK: Places

    /// The place of a key; a new one gets the one with the smallest word.
    private func place(of key: UInt64) -> Int {
        let first = firstPlace(of: key)
        while true {
            var (best, bestKey, bestWord) = (first, UInt64(0), UInt64.max)
            for step in 0..<Self.reach {
                let place = (first &+ step) & (slots - 1)
                let found = load(Self.keyOffset(place))
                if found == key { return place }
                let word = found == 0 ? 0 : load(Self.wordOffset(place))
                if step == 0 || word < bestWord { (best, bestKey, bestWord) = (place, found, word) }
            }
            // The word goes before the key, so that nobody takes the old word for the new key's.
            let isFree = bestKey == 0 || exchange(Self.wordOffset(best), bestWord, 0)
            if isFree, exchange(Self.keyOffset(best), bestKey, key) { return best }
        }
    }

    /// Where to look first.
    ///
    /// Nobody outside can tell, and so make keys that drive another's out.
    private func firstPlace(of key: UInt64) -> Int {
        let mixed = (key ^ load(Self.secretOffset)).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
        return Int(truncatingIfNeeded: mixed.high ^ mixed.low) & (slots - 1)
    }

    private static let secretOffset = 0
    private static let changesOffset = 8
    private static func keyOffset(_ place: Int) -> Int { headerOctets + place * slotOctets }
    private static func wordOffset(_ place: Int) -> Int { keyOffset(place) + 8 }

    private func load(_ offset: Int) -> UInt64 { unsafe CLinux_load64(pointer(offset)) }

    private func exchange(_ offset: Int, _ old: UInt64, _ new: UInt64) -> Bool {
        unsafe CLinux_exchange64(pointer(offset), old, new)
    }

    private func pointer(_ offset: Int) -> UnsafeMutablePointer<UInt64> {
        unsafe (memory + offset).assumingMemoryBound(to: UInt64.self)
    }
}
