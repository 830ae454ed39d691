// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPWire

extension CompressCommand: SessionCommand {
    func check(_ facts: SessionFacts) throws(CommandRefusal) {
        guard algorithm == "DEFLATE" else { throw .no(.cannot, "DEFLATE is what there is") }
        guard !facts.enabled.contains(.deflate) else {
            throw .no(.compressionActive, "What goes over the connection is compressed already")
        }
    }

    /// Compression begins behind the answer: here, or at the front-end that stands before the client.
    func perform(in session: IMAPSession) -> Completion {
        session.enabled.insert(.deflate)
        return Completion(text: "DEFLATE active", startsCompression: !session.configuration.isBehindFrontEnd)
    }
}
