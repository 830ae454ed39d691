// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import DNSRecords
import Testing

@testable import Resolver

@Suite struct UnboundAnswerTests {
    private static let question = DNSQuestion(name("d.test"), .mx)

    private static func answer(
        _ records: [DNSRecord] = [],
        flags: UInt16 = 0x8180,
        code: ResponseCode = .noError,
        bogus: String? = nil
    ) throws -> UnboundAnswer {
        let message = DNSMessage(id: 0, flags: flags | code.rawValue, questions: [question], answers: records)
        return UnboundAnswer(
            message: try message.encoded(),
            responseCode: code,
            hasData: !records.isEmpty,
            nameDoesNotExist: code == .nameError,
            isSecure: true,
            bogus: bogus,
            ttl: 60
        )
    }

    private static let record = DNSRecord(name("d.test"), ttl: 60, .mx(preference: 1, exchange: name("a.test")))
    private static let alias = DNSRecord(name("d.test"), ttl: 60, .cname(name("e.test")))

    private static func lookup(_ answer: UnboundAnswer) -> RecordLookup {
        RecordLookup(question, answer, took: .zero)
    }

    private static func isLater(_ lookup: RecordLookup) -> Bool {
        if case .failed = lookup.outcome { true } else { false }
    }

    @Test func dataIsData() throws {
        let found = Self.lookup(try Self.answer([Self.record]))
        #expect(found.outcome == .data([.mx(preference: 1, exchange: name("a.test"))]))
        #expect(found.isSecure && found.ttl == 60 && found.canonicalName == nil)
    }

    @Test func anAliasIsFollowed() throws {
        let target = DNSRecord(name("e.test"), ttl: 60, .mx(preference: 1, exchange: name("a.test")))
        let found = Self.lookup(try Self.answer([Self.alias, target]))
        #expect(found.canonicalName == name("e.test"))
        #expect(found.outcome == .data([.mx(preference: 1, exchange: name("a.test"))]))
        #expect(Self.lookup(try Self.answer([Self.alias])).outcome == .noData)
        #expect(Self.lookup(try Self.answer([Self.alias], code: .nameError)).outcome == .noName)
    }

    @Test func nothingIsNothing() throws {
        #expect(Self.lookup(try Self.answer()).outcome == .noData)
        #expect(Self.lookup(try Self.answer(code: .nameError)).outcome == .noName)
    }

    @Test func everythingElseIsLater() throws {
        for code in [ResponseCode.serverFailure, .refused, .formatError, .notImplemented, ResponseCode(9)] {
            #expect(Self.isLater(Self.lookup(try Self.answer([Self.record], code: code))))
        }
        #expect(Self.isLater(Self.lookup(try Self.answer([Self.record], bogus: "signature expired"))))
        #expect(Self.isLater(Self.lookup(try Self.answer(code: .nameError, bogus: "no proof"))))
        #expect(Self.isLater(Self.lookup(try Self.answer([Self.record], flags: 0x8380))))
        let loop = DNSRecord(name("e.test"), ttl: 60, .cname(name("d.test")))
        #expect(Self.isLater(Self.lookup(try Self.answer([Self.alias, loop]))))
    }

    @Test func aMessageThatIsNotWholeIsLater() throws {
        var answer = try Self.answer([Self.record])
        let whole = answer.message
        for count in whole.indices {
            answer.message = Array(whole[..<count])
            #expect(Self.isLater(Self.lookup(answer)))
        }
    }
}
