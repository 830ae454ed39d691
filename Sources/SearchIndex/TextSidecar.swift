// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Glibc
internal import Locking

/// The texts of one account, in two files: an index of blocks with their directories and filters, and their texts.
///
/// `load` and searches may be called from any thread; what changes the sidecar, from one task at a time. All of it
/// blocks.
package final class TextSidecar: Sendable {
    package enum Failure: Error, Sendable {
        /// There is no room, or the disk fails: nothing has changed.
        case notWritten
        /// There are as many blocks as can be numbered.
        case full
    }

    let place: SidecarPlace
    /// Room that is left to others, in octets.
    private let reserve: UInt64
    private let state = Lock<SidecarState?>(nil)

    package init(_ place: SidecarPlace, reserve: UInt64 = 0) {
        self.place = place
        self.reserve = reserve
    }

    /// What is there, as far as it was loaded.
    package var loaded: SidecarState? { state.withLock { $0 } }

    /// Lets the memory go; the next use loads it again.
    package func unload() { state.withLock { $0 = nil } }

    /// What is there.
    ///
    /// Files that are damaged, another store's, or of another version count as none.
    package func load() -> SidecarState {
        if let loaded { return loaded }
        let read = SidecarFiles.open(place)?.state(in: place) ?? SidecarState()
        return state.withLock { state in
            if let state { return state }
            state = read
            return read
        }
    }

    /// Whether everything that is kept can be read; what is not there at all is whole.
    ///
    /// Reads every octet.
    package func isWhole() -> Bool {
        // One that is being added to may look damaged for a moment.
        for _ in 0..<Self.looks {
            if looksWhole() { return true }
            usleep(Self.pauseBetweenLooks)
        }
        return false
    }

    private static let looks = 3
    private static let pauseBetweenLooks: UInt32 = 100_000

    private func looksWhole() -> Bool {
        guard unsafe access(place.path, F_OK) == 0 else { return true }
        guard let files = SidecarFiles.open(place) else { return false }
        let state = files.state(in: place)
        return (files.index.size ?? 0) <= state.indexEnd && state.blocks.allSatisfy { files.isWhole($0) }
    }

    /// Removes every file.
    package func remove() {
        state.withLock { $0 = SidecarState() }
        for path in place.paths { unsafe unlink(path) }
    }

    /// Adds a block.
    package func append(_ block: TextBlock) throws(Failure) {
        guard !block.isEmpty else { return }
        var state = load()
        let files: SidecarFiles
        if state.generation == 0 {
            state = SidecarState()
            state.generation = UInt64.random(in: 1...(.max / 2))
            guard let created = SidecarFiles.create(place, generation: state.generation, replacing: true) else {
                throw .notWritten
            }
            files = created
        } else {
            guard let opened = SidecarFiles.open(place, forWriting: true), opened.generation == state.generation else {
                self.state.withLock { $0 = nil }
                throw .notWritten
            }
            files = opened
        }
        try files.append(block, to: &state, reserve: reserve)
        self.state.withLock { [state] in $0 = state }
    }

    /// Forgets a block that a search found damaged, if it is still the same.
    func drop(_ info: BlockInfo, at block: Int, generation: UInt64) {
        state.withLock { state in
            guard state?.generation == generation, let known = state?.blocks, block < known.count, known[block] == info
            else { return }
            state?.drop(block: block)
        }
    }

    /// The messages of the last block, when it is a small one: to be put together with new ones.
    package func smallTail() -> TextBlock? {
        let state = load()
        guard let info = state.blocks.last, info.textOctets < UInt64(TextBlock.fullOctets / 2),
            info.count < UInt32(TextPlace.maximumOrdinals / 2),
            let files = SidecarFiles.open(place), files.generation == state.generation
        else { return nil }
        var block = TextBlock()
        let isRead = files.forEachText(of: state.blocks.count - 1, in: state) { key, text in block.add(key, text) }
        guard isRead else { drop(info, at: state.blocks.count - 1, generation: state.generation); return nil }
        return block
    }

    /// Writes the sidecar anew with those messages only that `isLive` (asked once for each), and puts it in the place
    /// of the old one.
    ///
    /// `pause` is called between blocks and stops it by answering false.
    package func rewrite(
        where isLive: (TextKey) -> Bool,
        pause: () -> Bool = { true }
    ) throws(Failure) {
        let old = load()
        guard old.generation != 0, let files = SidecarFiles.open(place), files.generation == old.generation else {
            return
        }
        var new = SidecarState()
        new.generation = old.generation + 1
        guard let target = SidecarFiles.create(place, generation: new.generation, replacing: false) else {
            throw .notWritten
        }
        var block = TextBlock()
        var failure: Failure?
        for number in old.blocks.indices where failure == nil {
            guard pause() else {
                failure = .notWritten
                break
            }
            let isRead = files.forEachText(of: number, in: old) { key, text in
                guard failure == nil, isLive(key) else { return }
                block.add(key, text)
                if block.isFull { failure = Self.flush(&block, target, &new, reserve) }
            }
            if !isRead { drop(old.blocks[number], at: number, generation: old.generation) }
        }
        if failure == nil { failure = Self.flush(&block, target, &new, reserve) }
        guard failure == nil, unsafe rename(place.newPath, place.path) == 0 else {
            for path in [place.newPath, place.dataPath(new.generation)] { unsafe unlink(path) }
            throw failure ?? .notWritten
        }
        unsafe unlink(place.dataPath(old.generation))
        state.withLock { [new] in $0 = new }
    }

    private static func flush(
        _ block: inout TextBlock,
        _ files: SidecarFiles,
        _ state: inout SidecarState,
        _ reserve: UInt64
    ) -> Failure? {
        guard !block.isEmpty else { return nil }
        do throws(Failure) {
            try files.append(block, to: &state, reserve: reserve)
        } catch {
            return error
        }
        block = TextBlock()
        return nil
    }
}
