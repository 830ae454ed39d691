// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Events
package import Runtime

/// Carries one session between a client and its back-end, and over to another back-end when that one is lost.
///
/// Runs in the connection's task on its loop; both directions stream through it, 64 KiB at a time. What neither end
/// takes is not read from the other.
package struct Relay<State: RelayState> {
    private let client: Connection
    private let events: EventRecorder
    private var state: State
    private var backEnd: Connection?
    /// Octets of the client that are not looked at yet.
    private var fromClient: ArraySlice<UInt8> = []
    private var clientHasEnded = false
    /// What a wait for the back-end alone brought.
    private var received: Receipt?
    private var demand = RelayStep.Demand.nothing
    private var openingsWithoutAnswer = 0
    /// How long this session may go on before others on this loop have their turn.
    private var share = LoopTurn()

    /// Openings in a row of which none got a word to the client: beyond it, what the client asks for is what kills the
    /// back-end.
    private static var openingsLimit: Int { 3 }
    private static var readAhead: Int { 64 * 1024 }

    package init(client: Connection, backEnd: Connection, state: State, events: EventRecorder) {
        self.client = client
        self.backEnd = backEnd
        self.state = state
        self.events = events
        backEnd.idleTimeout = client.idleTimeout
    }

    /// Relays until the session is over.
    ///
    /// Closes the back-end's connection; the client's is its owner's to close.
    ///
    /// - Parameter reopen: opens another back-end: for the log-on that waits for its answer when that is true, and
    ///   silently otherwise. Nil when there is none within the deadline.
    @discardableResult
    package mutating func run(reopen: (_ answersLogOn: Bool) async -> Connection?) async -> RelayEnd {
        do throws(IOError) {
            while try await turn(reopen), !state.isLoggedOff {}
        } catch {
            switch error {
            case .shutdown: client.write(state.farewell(.shutdown))
            case .timedOut: client.write(state.farewell(.idle))
            default: break
            }
        }
        client.defersShutdown = false
        await backEnd?.close()
        return state.isLoggedOff ? .loggedOff(Array(fromClient)) : .over
    }

    /// Moves what can be moved, else waits.
    ///
    /// False when the session is over. Throws what befalls the client.
    private mutating func turn(_ reopen: (Bool) async -> Connection?) async throws(IOError) -> Bool {
        var hasMoved = false
        if let backEnd {
            defer { received = nil }
            switch received ?? Self.receive(from: backEnd) {
            case .octets(let octets):
                openingsWithoutAnswer = 0
                if demand == .response { demand = .nothing }
                try await client.send(state.fromBackEnd(octets))
                if state.takeCompression() {
                    try await client.startDeflate(received: Array(fromClient))
                    fromClient = []
                    try await client.send(state.fromBackEnd(state.takeBehindCompression()))
                }
                // What follows of the client is for another session, and may not be compressed any more.
                if state.isLoggedOff { return true }
                hasMoved = true
            case .nothing:
                break
            case .lost:
                return try await lose(reopen)
            }
        }
        try readClient()
        if try await pass(reopen) { hasMoved = true }
        if demand == .close || isDone { return false }
        // Both ends may be so quick that there is never anything to wait for.
        if hasMoved { await share.giveWay() } else { try await wait() }
        return true
    }

    /// The client has left and was told all it asked for.
    private var isDone: Bool {
        clientHasEnded && fromClient.isEmpty && (backEnd == nil || !state.isAwaitingResponse)
    }

    private mutating func readClient() throws(IOError) {
        guard fromClient.isEmpty, !clientHasEnded, !state.isLoggingOff else { return }
        guard let octets = try client.readArrived() else { return }
        clientHasEnded = octets.isEmpty
        fromClient = octets[...]
    }

    /// Lets the rules look at the client's octets, and sends them on.
    ///
    /// False when nothing could be done.
    private mutating func pass(_ reopen: (Bool) async -> Connection?) async throws(IOError) -> Bool {
        guard !fromClient.isEmpty, demand != .response else { return false }
        let allowance = min(backEnd == nil ? .max : state.forwardAllowance, Self.readAhead)
        guard allowance > 0 else { return false }
        let step = state.fromClient(fromClient.prefix(allowance))
        let octets = fromClient.prefix(step.consumed)
        fromClient = fromClient.dropFirst(step.consumed)
        client.write(step.reply)
        demand = step.demand
        if step.isForwarded { try? await backEnd?.send(octets) }
        if demand == .backEnd {
            demand = .nothing
            await open(answeringLogOn: false, reopen)
        }
        return true
    }

    private mutating func wait() async throws(IOError) {
        client.defersShutdown = state.isAwaitingResponse
        backEnd?.defersShutdown = client.defersShutdown
        try await client.flush()
        guard let backEnd else {
            fromClient = try await client.readSome(maximum: Self.readAhead)[...]
            clientHasEnded = fromClient.isEmpty
            return
        }
        // One that cannot be written to is found out at the next read.
        try? await backEnd.flush()
        if fromClient.isEmpty, !clientHasEnded, !state.isLoggingOff {
            try await Connection.waitForAny(client, backEnd)
        } else {
            received = try await Self.awaitOctets(of: backEnd)
        }
    }

    private mutating func lose(_ reopen: (Bool) async -> Connection?) async throws(IOError) -> Bool {
        await backEnd?.close()
        backEnd = nil
        demand = .nothing
        switch state.backEndLost() {
        case .close(let farewell):
            if !farewell.isEmpty { events.record(.backEndLost) }
            client.write(farewell)
            return false
        case .keep(let answers):
            events.record(.backEndLost)
            client.write(answers)
            return true
        case .retryLogOn:
            events.record(.backEndLost)
            await open(answeringLogOn: true, reopen)
            guard backEnd == nil else { return true }
            client.write(state.farewell(.backEndUnavailable))
            return false
        }
    }

    private mutating func open(answeringLogOn: Bool, _ reopen: (Bool) async -> Connection?) async {
        openingsWithoutAnswer += 1
        guard openingsWithoutAnswer <= Self.openingsLimit, let opened = await reopen(answeringLogOn) else {
            openingsWithoutAnswer = 0
            return state.backEndUnavailable()
        }
        events.record(.backEndReopened)
        opened.idleTimeout = client.idleTimeout
        opened.write(state.backEndReopened())
        backEnd = opened
    }

    private enum Receipt { case octets([UInt8]), nothing, lost }

    private static func awaitOctets(of backEnd: Connection) async throws(IOError) -> Receipt {
        do throws(IOError) {
            let octets = try await backEnd.readSome(maximum: readAhead)
            return octets.isEmpty ? .lost : .octets(octets)
        } catch {
            guard error != .timedOut, error != .shutdown else { throw error }
            return .lost
        }
    }

    private static func receive(from backEnd: Connection) -> Receipt {
        do throws(IOError) {
            guard let octets = try backEnd.readArrived() else { return .nothing }
            return octets.isEmpty ? .lost : .octets(octets)
        } catch {
            return .lost
        }
    }
}
