// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The readable text of HTML, for previews: tags, comments, scripts and styles left out, the common character
/// references resolved.
///
/// No more than that; any input ends.
struct HTMLText {
    private var text = String.UnicodeScalarView()
    /// Characters in it, which it would take as long to count as it is.
    private var count = 0
    private var scalars: String.UnicodeScalarView.Iterator
    private var ahead: Unicode.Scalar?
    private let maximum: Int

    /// Text of `html`, at most `maximum` characters of it.
    static func extract(from html: String, maximum: Int) -> String {
        var extractor = HTMLText(html, maximum: maximum)
        return extractor.run()
    }

    private init(_ html: String, maximum: Int) {
        scalars = html.unicodeScalars.makeIterator()
        self.maximum = maximum
    }

    private mutating func next() -> Unicode.Scalar? {
        if let scalar = ahead {
            ahead = nil
            return scalar
        }
        return scalars.next()
    }

    private mutating func run() -> String {
        while count < maximum, let scalar = next() {
            switch scalar {
            case "<": skipTag()
            case "&": takeReference()
            default: append(scalar)
            }
        }
        return String(text)
    }

    private mutating func append(_ scalar: Unicode.Scalar) {
        text.append(scalar)
        count += 1
    }

    private mutating func skipTag() {
        let name = takeName()
        if name.hasPrefix("!--") { return skip(through: "-->", behind: name.dropFirst(3)) }
        skip(through: ">", behind: "")
        if name == "script" || name == "style" || name == "title" { skip(through: "</" + name, behind: "") }
        if name == "script" || name == "style" || name == "title" { skip(through: ">", behind: "") }
        append(" ")
    }

    /// The tag's name in lower case: what stands up to a blank or `>`, at most 16 characters.
    private mutating func takeName() -> String {
        var name = String.UnicodeScalarView()
        while name.count < 16, let scalar = next() {
            if scalar == ">" || scalar.value <= 0x20 {
                ahead = scalar
                break
            }
            name.append(scalar)
        }
        return ASCII.lowercased(String(name))
    }

    /// Passes over everything up to and with `mark`, ASCII case ignored; `behind` was read before.
    private mutating func skip(through mark: String, behind: some StringProtocol) {
        let wanted = Array(mark.unicodeScalars)
        var window = Array(behind.unicodeScalars.suffix(wanted.count))
        while window != wanted {
            guard let scalar = next() else { return }
            window.append(scalar.value < 0x80 ? Unicode.Scalar(ASCII.lower(UInt8(scalar.value))) : scalar)
            if window.count > wanted.count { window.removeFirst() }
        }
    }

    private mutating func takeReference() {
        var name = String.UnicodeScalarView()
        while name.count < 10, let scalar = next() {
            if scalar == ";" {
                for scalar in Self.meaning(of: String(name)).unicodeScalars { append(scalar) }
                return
            }
            guard scalar.properties.isAlphabetic || scalar == "#" || ("0"..."9").contains(scalar) else {
                ahead = scalar
                break
            }
            name.append(scalar)
        }
        append("&")
        for scalar in name { append(scalar) }
    }

    private static func meaning(of name: String) -> String {
        if let known = references[name] { return known }
        guard name.hasPrefix("#") else { return "&\(name);" }
        let digits = name.dropFirst()
        let isHex = digits.first == "x" || digits.first == "X"
        let code = isHex ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
        return code.flatMap(Unicode.Scalar.init).map { String($0) } ?? "\u{FFFD}"
    }

    private static let references = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "zwnj": "", "zwj": "", "shy": "",
        "hellip": "…", "ndash": "–", "mdash": "—", "lsquo": "‘", "rsquo": "’", "ldquo": "“", "rdquo": "”", "euro": "€",
        "copy": "©", "reg": "®", "auml": "ä", "ouml": "ö", "uuml": "ü", "Auml": "Ä", "Ouml": "Ö", "Uuml": "Ü",
        "szlig": "ß",
        "eacute": "é", "egrave": "è", "agrave": "à", "ccedil": "ç",
    ]
}
