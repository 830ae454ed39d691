// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

/// Tells the server what the client is, and asks the same (RFC 2971 §3.1).
package struct IDCommand: IMAPCommand {
    package static let name: StaticString = "ID"
    package static let traits: CommandTraits = .always

    /// Fields as the client sent them, in order; none for NIL.
    package var parameters: [IDParameter]

    package init(_ parameters: [IDParameter] = []) { self.parameters = parameters }

    // id = "ID" SP id-params-list    RFC 2971 §4
    package init(parsing scanner: inout WireScanner) throws(IMAPSyntaxError) {
        try scanner.space()
        parameters = try scanner.idParameters()
    }

    package func encodeArguments(to encoder: inout WireEncoder) {
        encoder.space()
        encoder.idParameters(parameters)
    }
}

/// One field of an ID command or response.
package struct IDParameter: Hashable, Sendable {
    package var name: [UInt8]
    package var value: [UInt8]?

    package init(name: [UInt8], value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    package init(_ name: String, _ value: String) { self.init(name: Array(name.utf8), value: Array(value.utf8)) }

    /// Most fields of one list (RFC 2971 §3.3).
    package static let maximumCount = 30
    package static let maximumNameOctets = 30
    package static let maximumValueOctets = 1024
}

extension WireScanner {
    // id-params-list = "(" string SP nstring *(SP string SP nstring) ")" / nil    RFC 2971 §4
    package mutating func idParameters() throws(IMAPSyntaxError) -> [IDParameter] {
        if acceptWord("NIL") { return [] }
        let start = offset
        let parameters = try list(minimum: 0) { (scanner) throws(IMAPSyntaxError) in try scanner.idParameter() }
        guard parameters.count <= IDParameter.maximumCount else {
            throw failure("at most \(IDParameter.maximumCount) fields", at: start)
        }
        return parameters
    }

    private mutating func idParameter() throws(IMAPSyntaxError) -> IDParameter {
        let start = offset
        let name = try string("the name of a field")
        guard name.count <= IDParameter.maximumNameOctets else {
            throw failure("a name of at most \(IDParameter.maximumNameOctets) octets", at: start)
        }
        try space()
        let valueStart = offset
        let value = try nstring()
        guard value?.count ?? 0 <= IDParameter.maximumValueOctets else {
            throw failure("a value of at most \(IDParameter.maximumValueOctets) octets", at: valueStart)
        }
        return IDParameter(name: name, value: value)
    }
}

extension WireEncoder {
    package mutating func idParameters(_ parameters: [IDParameter]) {
        guard !parameters.isEmpty else { return raw("NIL") }
        list(parameters) { encoder, parameter in
            encoder.string(parameter.name)
            encoder.space()
            encoder.nstring(parameter.value)
        }
    }
}
