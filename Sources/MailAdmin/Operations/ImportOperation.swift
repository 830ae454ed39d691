// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import JournalStore
internal import MailStore
internal import MailTypes

extension MailOperations {
    var importOperation: AdminOperation {
        AdminOperation(streaming: .post, "v1/mail/:account/import") { (request, exchange) throws(AdminError) in
            try await withAccount(request) { (store, account) throws(AdminError) in
                try await exclusions.alone(
                    "import into \(account.id)",
                    "An import into this account, by \(request.caller),"
                ) { () async throws(AdminError) in
                    try await MailImport(store, account, exchange).run()
                }
            }
        }
    }
}
