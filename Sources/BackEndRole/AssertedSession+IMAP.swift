// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import IMAPServer
internal import MailProxy
internal import MailStore
internal import Runtime
internal import SASL
internal import Settings

extension AssertedSession {
    func serveIMAP(_ assertion: SessionAssertion, _ connection: Connection) async throws(MailStoreError) {
        var configuration = IMAPConfiguration(settings.current)
        configuration.isBehindFrontEnd = true
        configuration.sharesMailboxes = sharing != nil
        let account = try await store.account(assertion.account, deadline: .now + configuration.storeWait)
        connection.write(BackEndStatus.ready.line)
        let session = IMAPSession(
            connection,
            user: assertion.user,
            account: account,
            store: store,
            sharing: sharing,
            configuration: configuration,
            previews: previews,
            columns: columns,
            events: recorder(assertion)
        )
        // One that logged off goes on at the front-end.
        switch assertion.opening {
        case .logOn(let tag): await session.run(resuming: tag)
        case .silent: await session.run(resuming: nil)
        }
    }
}
