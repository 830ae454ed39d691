// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import MailStore
package import Runtime
package import SASL

/// Both halves on one connection: the service without a front-end, for a machine of one process and for tests.
package struct IMAPDirectServer: Sendable {
    private let store: any MailStore
    private let sharing: (any MailboxSharing)?
    private let authenticator: any Authenticator
    private let configuration: @Sendable () -> IMAPConfiguration
    private let previews = PreviewTable()
    private let columns: ColumnTable
    private let events: EventRecorder

    /// `configuration` is read for each connection, so that changed settings count for the next one.
    package init(
        store: any MailStore,
        sharing: (any MailboxSharing)? = nil,
        authenticator: any Authenticator,
        events: EventRecorder,
        columns: ColumnTable = ColumnTable(),
        configuration: @escaping @Sendable () -> IMAPConfiguration
    ) {
        self.store = store
        self.sharing = sharing
        self.authenticator = authenticator
        self.configuration = configuration
        self.events = events
        self.columns = columns
    }

    /// Serves one connection to its end.
    ///
    /// The caller closes it; for implicit TLS it has shaken hands already.
    package func serve(_ connection: Connection) async {
        let configuration = configuration()
        let stranger = IMAPPreAuthentication(
            connection,
            configuration: configuration,
            authenticator: authenticator,
            events: events
        )
        while case .authenticated(let logOn) = await stranger.run() {
            do throws(MailStoreError) {
                let account = try await store.account(
                    logOn.user.account,
                    deadline: ContinuousClock.now + configuration.storeWait
                )
                let session = IMAPSession(
                    connection,
                    user: logOn.user,
                    account: account,
                    store: store,
                    sharing: sharing,
                    configuration: configuration,
                    previews: previews,
                    columns: columns,
                    events: events.adding(["client.address": .string(connection.peer.host)])
                )
                guard await session.run(resuming: logOn.tag) == .loggedOff,
                    await stranger.takeBack(received: [])
                else { return }
            } catch {
                stranger.refuse(logOn, because: error)
            }
        }
    }
}
