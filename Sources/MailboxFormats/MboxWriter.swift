// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// Looks whether LF for CRLF loses nothing of a message.
package struct LineEndCheck: Sendable {
    private var last: (UInt8, UInt8) = (0, 0)
    /// False when an LF has no CR before it, or two.
    package private(set) var isPlain = true

    package init() {}

    package mutating func add(_ bytes: [UInt8]) {
        guard isPlain else { return }
        for octet in bytes {
            if octet == ASCII.lf, last.1 != ASCII.cr || last.0 == ASCII.cr {
                isPlain = false
                return
            }
            last = (last.1, octet)
        }
    }
}

/// Takes the CR from every CRLF, in whatever pieces a message comes.
package struct LineEndReducer: Sendable {
    private var holdsCR = false

    package init() {}

    package mutating func reduce(_ bytes: [UInt8]) -> [UInt8] {
        var reduced: [UInt8] = []
        reduced.reserveCapacity(bytes.count + 1)
        for octet in bytes {
            if holdsCR, octet != ASCII.lf { reduced.append(ASCII.cr) }
            holdsCR = octet == ASCII.cr
            if !holdsCR { reduced.append(octet) }
        }
        return reduced
    }

    /// A CR that was the last octet.
    package mutating func finish() -> [UInt8] {
        defer { holdsCR = false }
        return holdsCR ? [ASCII.cr] : []
    }
}

/// Puts the CR before every LF that has none, in whatever pieces a message comes.
package struct LineEndCanonizer: Sendable {
    private var last: UInt8 = 0

    package init() {}

    package mutating func canonize(_ bytes: [UInt8]) -> [UInt8] {
        var canonical: [UInt8] = []
        canonical.reserveCapacity(bytes.count + bytes.count / 32)
        for octet in bytes {
            if octet == ASCII.lf, last != ASCII.cr { canonical.append(ASCII.cr) }
            canonical.append(octet)
            last = octet
        }
        return canonical
    }
}

/// Writes one message into an mbox, in the form mboxrd.
package struct MboxWriter: Sendable {
    private let isExact: Bool
    private var reducer = LineEndReducer()
    /// The beginning of a line of which it is not yet known whether it needs a mark; `nil` within a line.
    private var beginning: [UInt8]? = []
    private var endsWithLF = true

    /// - Parameter isExact: line ends stay as they are, because LF for CRLF would lose something (`LineEndCheck`).
    package init(isExact: Bool) { self.isExact = isExact }

    /// What stands before the message.
    package func head(_ metadata: MboxMetadata, size: UInt64) -> [UInt8] {
        MboxSeparator(date: metadata.date).line + metadata.fields(size: size, isExact: isExact)
    }

    /// A piece of the message.
    package mutating func add(_ bytes: [UInt8]) -> [UInt8] { quoted(isExact ? bytes : reducer.reduce(bytes)) }

    /// What stands behind it.
    package mutating func finish() -> [UInt8] {
        var written = quoted(reducer.finish())
        if let rest = beginning, !rest.isEmpty {
            written += rest
            endsWithLF = false
        }
        beginning = []
        if !endsWithLF { written.append(ASCII.lf) }
        return written + [ASCII.lf]
    }

    private mutating func quoted(_ bytes: [UInt8]) -> [UInt8] {
        var written: [UInt8] = []
        written.reserveCapacity(bytes.count + 16)
        for octet in bytes {
            if beginning == nil {
                written.append(octet)
                if octet == ASCII.lf { beginning = [] }
            } else {
                begin(octet, &written)
            }
        }
        if let last = bytes.last { endsWithLF = last == ASCII.lf }
        return written
    }

    private mutating func begin(_ octet: UInt8, _ written: inout [UInt8]) {
        beginning?.append(octet)
        guard let text = beginning else { return }
        let marks = text.prefix { $0 == UInt8(ascii: ">") }.count
        let rest = text[marks...]
        if marks <= MboxQuoting.maximumMarks, MboxSeparator.prefix.starts(with: rest) {
            guard rest.count == MboxSeparator.prefix.count else { return }
            written.append(UInt8(ascii: ">"))
        }
        written += text
        beginning = octet == ASCII.lf ? [] : nil
    }
}
