// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import FuzzDriver
import MailQueue

/// Any octets as the metadata of a record of the queue: refused, or one that reads back as it is written.
@main
enum FuzzQueueRecords {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        for kind in QueueParsers.kinds { _ = QueueParsers.record(kind: kind, input) }
        for kind in QueueParsers.kinds { _ = QueueParsers.record(kind: kind, [1] + input) }
    }
}
