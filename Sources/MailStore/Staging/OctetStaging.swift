// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
internal import Glibc
internal import Runtime

/// Stages a message in memory, and from `memoryOctets` on in a file of its own in a folder for such.
package final class OctetStaging: MessageStaging {
    /// What a message may take in memory.
    package static let memoryOctets = 1 << 20
    /// Up to this a message is digested and summed up where it came in: that takes 40 µs, and going to another thread
    /// and back a quarter of it.
    ///
    /// Larger ones are taken to a blocking thread, so that one loop of a back-end can take in more than one core could
    /// digest, and no other session waits for it.
    private static let inlineOctets = 32 * 1024

    package private(set) var count: UInt64 = 0
    private let directory: String
    private let maximum: UInt64
    private let summarize: MessageSummarizer
    /// Of what goes to the file; what stays in memory is digested at the end.
    private lazy var hasher = SHA256Hasher()
    private var block = OctetBlock(reserving: 16 * 1024)
    private var file: SpillFile?

    package init(directory: String, maximum: UInt64, summarize: @escaping MessageSummarizer) {
        self.directory = directory
        self.maximum = maximum
        self.summarize = summarize
    }

    package func add(_ bytes: [UInt8]) throws(MailStoreError) {
        guard UInt64(bytes.count) <= maximum - min(count, maximum) else {
            throw MailStoreError(.limit, "the message is larger than the store takes")
        }
        count += UInt64(bytes.count)
        guard file != nil || block.count + bytes.count > Self.memoryOctets else { return block.append(bytes) }
        try spill().write(bytes)
        hasher.add(bytes)
    }

    /// The file, with what was in memory before.
    private func spill() throws(MailStoreError) -> SpillFile {
        if let file { return file }
        let spill = try SpillFile(in: directory)
        let held = block.array
        try spill.write(held)
        hasher.add(held)
        (file, block) = (spill, OctetBlock())
        return spill
    }

    package func finish() async throws(MailStoreError) -> any StagedMessage {
        let (whole, summarize) = (block, summarize)
        guard let file else {
            guard whole.count > Self.inlineOctets else { return StagedOctets(whole, summarize) }
            return await BlockingPool.shared.run { StagedOctets(whole, summarize) }
        }
        let (count, digest) = (count, hasher.finish())
        return await BlockingPool.shared.run {
            var threads = ThreadKeys()
            let found = file.withBytes(count) {
                threads = ThreadKeys($0)
                return summarize($0)
            }
            let structure = found ?? []
            let content = StagedContent.file(descriptor: file.descriptor, count: count, owner: file)
            return StagedOctets(size: count, sha256: digest, structure: structure, threads: threads, content: content)
        }
    }
}

/// Where the octets of a staged message are.
package enum StagedContent: Sendable {
    case memory(OctetBlock)
    /// `owner` keeps the file open, and removes it when it goes.
    case file(descriptor: Int32, count: UInt64, owner: any AnyObject & Sendable)
}

/// A whole message in memory or in a file, as every `LoggedMailStore` stages it.
package final class StagedOctets: StagedMessage {
    package let size: UInt64
    package let sha256: [UInt8]
    /// What the summarizer made of it.
    package let structure: [UInt8]
    /// What its header says of the conversation it belongs to.
    package let threads: ThreadKeys
    package let content: StagedContent

    package init(
        size: UInt64,
        sha256: [UInt8],
        structure: [UInt8],
        threads: ThreadKeys,
        content: StagedContent
    ) {
        self.size = size
        self.sha256 = sha256
        self.structure = structure
        self.threads = threads
        self.content = content
    }

    /// A message that is at hand as a whole.
    package convenience init(_ block: OctetBlock, _ summarize: MessageSummarizer = { _ in [] }) {
        var threads = ThreadKeys()
        var digest: [UInt8] = []
        let structure = block.withBytes {
            digest = Digest.sha256($0)
            threads = ThreadKeys($0)
            return summarize($0)
        }
        self.init(
            size: UInt64(block.count),
            sha256: digest,
            structure: structure,
            threads: threads,
            content: .memory(block)
        )
    }

    package convenience init(_ bytes: [UInt8], summarize: MessageSummarizer = { _ in [] }) {
        self.init(OctetBlock(bytes), summarize)
    }
}
