// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import AdminAPI
import ByteTools
import Events
import FuzzDriver
import MailProxy
import ServiceControl
import Settings
import TokenIntrospection

/// Any octets as what processes of the server, its files and its helpers say to each other, most of it JSON: refused, or
/// what reads back as it is written.
@main
enum FuzzProcessMessages {
    static func main() { fuzz(check) }

    nonisolated static func check(_ input: [UInt8]) {
        checkJSON(input)
        if let status = BackEndStatus(parsing: input) {
            precondition(BackEndStatus(parsing: Array(status.line.dropLast(2))) != nil, "a back-end's word")
        }
        if let entry = EventEntry(line: input) { _ = "\(entry)" }
        let rules = IntrospectionRules(userClaim: "sub", scope: "mail", audience: "martlet")
        if let answer = IntrospectionAnswer(input, rules) { precondition(answer.holder?.utf8.count ?? 1 <= 256) }
        precondition(SettingsDocument(input).bytes == input, "settings keep what they do not understand")
        checkRequest(input)
    }

    private static func checkJSON(_ input: [UInt8]) {
        if let value = try? JSONValue(parsing: input) {
            let again = try? JSONValue(parsing: value.encoded)
            precondition(again?.encoded == value.encoded, "JSON reads back as it is written")
        }
        if let message = ControlMessage(line: input) {
            precondition(ControlMessage(line: Array(message.line.dropLast())) == message, "a message of service control")
        }
        let suspects = SuspectList(encoded: input)
        precondition(SuspectList(encoded: suspects.encoded) == suspects, "a list of suspects")
    }

    private static func checkRequest(_ input: [UInt8]) {
        guard let request = AdminParsers.request(input, caller: AdminCaller(user: 0)) else { return }
        let line = Array("\(request.method.rawValue) \(AdminParsers.target(of: request)) HTTP/1.0\n\n".utf8)
        guard let again = AdminParsers.request(line, caller: AdminCaller(user: 0)) else { return }
        precondition(again.path == request.path && again.query == request.query, "a target reads back as it was")
    }
}
