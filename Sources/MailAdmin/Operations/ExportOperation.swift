// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import MailTypes

extension MailOperations {
    var exportOperation: AdminOperation {
        AdminOperation(streaming: .get, "v1/mail/:account/export") { (request, exchange) throws(AdminError) in
            let wanted = try request.mailboxName()
            let (withBodies, withFacts) = (request["bodies"] != "no", request["facts"] == "yes")
            return try await withAccount(request) { (_, account) throws(AdminError) in
                try await MailExport(account, exchange, withBodies: withBodies, withFacts: withFacts).run(wanted)
            }
        }
    }
}
