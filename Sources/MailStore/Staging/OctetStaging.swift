// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
internal import Glibc
internal import Runtime

/// Stages a message in memory, and from `memoryOctets` on in a file of its own in a folder for such.
package final class OctetStaging: MessageStaging {
    /// What a message may take in memory.
    package static let memoryOctets = 1 << 20
    /// Up to this a message is summed up where it came in; larger ones are taken to a blocking thread.
    private static let inlineOctets = 256 * 1024

    package private(set) var count: UInt64 = 0
    private let directory: String
    private let maximum: UInt64
    private let summarize: MessageSummarizer
    private let hasher = SHA256Hasher()
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
        hasher.add(bytes)
        count += UInt64(bytes.count)
        if let file { return try file.write(bytes) }
        guard block.count + bytes.count > Self.memoryOctets else { return block.append(bytes) }
        let spill = try SpillFile(in: directory)
        try spill.write(block.array)
        try spill.write(bytes)
        (file, block) = (spill, OctetBlock())
    }

    package func finish() async throws(MailStoreError) -> any StagedMessage {
        let digest = hasher.finish()
        if let file {
            let (count, summarize) = (count, summarize)
            let (structure, threads) = await BlockingPool.shared.run {
                var threads = ThreadKeys()
                let structure = file.withBytes(count) {
                    threads = ThreadKeys($0)
                    return summarize($0)
                }
                return (structure, threads)
            }
            let content = StagedContent.file(descriptor: file.descriptor, count: count, owner: file)
            return StagedOctets(size: count, sha256: digest, structure: structure, threads: threads, content: content)
        }
        let structure: [UInt8]
        let (whole, summarize) = (block, summarize)
        if whole.count <= Self.inlineOctets {
            structure = whole.withBytes { summarize($0) }
        } else {
            structure = await BlockingPool.shared.run { whole.withBytes { summarize($0) } }
        }
        return StagedOctets(
            size: count,
            sha256: digest,
            structure: structure,
            threads: whole.threadKeys,
            content: .memory(whole)
        )
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
    package convenience init(_ bytes: [UInt8], summarize: MessageSummarizer = { _ in [] }) {
        let block = OctetBlock(bytes)
        self.init(
            size: UInt64(bytes.count),
            sha256: Digest.sha256(bytes),
            structure: block.withBytes { summarize($0) },
            threads: block.threadKeys,
            content: .memory(block)
        )
    }
}

extension OctetBlock {
    fileprivate var threadKeys: ThreadKeys { withBytes { ThreadKeys($0) } }
}
