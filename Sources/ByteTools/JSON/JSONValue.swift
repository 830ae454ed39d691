// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// A JSON text as a value (RFC 8259).
///
/// Members of an object keep their order; their names are unique.
public indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    /// A number without fraction or exponent that fits.
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([JSONMember])
}

/// One name and value of a JSON object.
public struct JSONMember: Hashable, Sendable {
    /// Without quotes and escapes.
    public var name: String
    /// A value of any kind, objects and arrays too.
    public var value: JSONValue

    /// Checks nothing: that names are unique is up to whoever makes the object.
    public init(_ name: String, _ value: JSONValue) {
        self.name = name
        self.value = value
    }
}

extension JSONValue {
    /// The value of that member; `nil` when there is none or this is no object.
    public subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text of a string; `nil` for every other kind.
    public var string: String? {
        if case .string(let text) = self { text } else { nil }
    }

    /// A number that was written as an integer and fits; `nil` for every other kind, `.number` too.
    public var integer: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }

    /// What `true` or `false` says; `nil` for every other kind.
    public var bool: Bool? {
        if case .bool(let claim) = self { claim } else { nil }
    }

    /// The items of an array in their order; `nil` for every other kind.
    public var array: [JSONValue]? {
        if case .array(let items) = self { items } else { nil }
    }

    /// The members of an object in their order; `nil` for every other kind.
    public var members: [JSONMember]? {
        if case .object(let members) = self { members } else { nil }
    }

    /// The texts of an array of strings; `nil` when any item is something else.
    public var strings: [String]? {
        guard let items = array else { return nil }
        let texts = items.compactMap(\.string)
        return texts.count == items.count ? texts : nil
    }

    /// The text, or null.
    public static func optional(_ text: String?) -> JSONValue { text.map { .string($0) } ?? .null }

    /// The number, or null; held at the ends of `Int64`.
    public static func optional(_ number: (some BinaryInteger)?) -> JSONValue {
        number.map { .integer(Int64(clamping: $0)) } ?? .null
    }

    /// An array of strings in this order.
    public static func strings(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral {
    /// Takes a literal in quotes as a string.
    public init(stringLiteral text: String) { self = .string(text) }
    /// Takes a literal without fraction as an integer.
    public init(integerLiteral number: Int64) { self = .integer(number) }
    /// Takes `true` and `false`.
    public init(booleanLiteral claim: Bool) { self = .bool(claim) }
}

extension JSONValue: ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral {
    /// Takes values in brackets as an array.
    public init(arrayLiteral items: JSONValue...) { self = .array(items) }
    /// Takes names and values in brackets as an object, in the order written.
    ///
    /// The names must differ: nothing checks it.
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(members.map { JSONMember($0.0, $0.1) })
    }
}
