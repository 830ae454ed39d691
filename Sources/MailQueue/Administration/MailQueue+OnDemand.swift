// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

// Mail of connectors that hold it until somebody asks (RFC 2645).
extension MailQueue {
    private func destinations(ofConnector name: String) -> [UInt32] {
        state.destinations.inUse.filter { state.destinations[$0].name.hasPrefix(name + "/") }
    }

    /// Recipients that wait for a connector.
    package func waiting(forConnector name: String) -> Int {
        destinations(ofConnector: name).reduce(0) { $0 + state.destinations[$1].recipients }
    }

    /// Has all that waits for a connector tried now; to these domains only, where each domain has a destination of its
    /// own.
    ///
    /// - Parameter isWanted: asked with the name of each destination.
    package func release(connector name: String, where isWanted: @Sendable (String) -> Bool) {
        for number in destinations(ofConnector: name) where isWanted(state.destinations[number].name) {
            _ = force(destination: state.destinations[number].name, sparingDoubt: true)
        }
    }

    /// Whether something of a connector is on its way, or is about to be.
    package func isWorking(forConnector name: String) -> Bool {
        guard isSending, !isClosing else { return false }
        let now = self.now
        return destinations(ofConnector: name).contains { number in
            let destination = state.destinations[number]
            return destination.active > 0 || (destination.ready > 0 && destination.retryAt <= now)
        }
    }
}
