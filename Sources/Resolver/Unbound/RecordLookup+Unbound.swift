// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import DNSRecords

extension RecordLookup {
    /// Reads what libunbound said.
    ///
    /// Anything that is not a whole answer to this question is `failed`.
    init(_ question: DNSQuestion, _ answer: UnboundAnswer, took: Duration) {
        self.init(question, .failed(""), isSecure: answer.isSecure, ttl: answer.ttl, took: took)
        if let bogus = answer.bogus {
            outcome = .failed("DNSSEC: \(bogus)")
            return
        }
        guard answer.responseCode == .noError || answer.responseCode == .nameError else {
            outcome = .failed("\(answer.responseCode): no server gave an answer that can be used")
            return
        }
        do throws(DNSSyntaxError) {
            read(try DNSMessage(parsing: answer.message), answer)
        } catch {
            outcome = .failed("an answer that cannot be read: \(error)")
        }
    }

    private mutating func read(_ message: DNSMessage, _ answer: UnboundAnswer) {
        guard !message.isTruncated else {
            outcome = .failed("an answer that is not whole")
            return
        }
        guard let found = message.records(of: question.name, question.type) else {
            outcome = .failed("aliases that do not end")
            return
        }
        if found.owner != question.name { canonicalName = found.owner }
        if answer.nameDoesNotExist || answer.responseCode == .nameError {
            outcome = .noName
        } else {
            outcome = found.records.isEmpty ? .noData : .data(found.records.map(\.data))
        }
    }
}
