// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import ByteTools
package import Runtime

/// Who begins a session that is traced.
package enum TraceDirection: String, Sendable, Hashable, CaseIterable {
    /// Others, who connect to this server.
    case inbound = "in"
    /// This server.
    case outbound = "out"
}

/// Which sessions are traced, for how long, and how much of them.
package struct TraceDefinition: Sendable, Hashable {
    package enum Subject: Sendable, Hashable, CustomStringConvertible {
        /// Peers with these addresses.
        case network(IPNetwork)
        /// Sessions in which the domain, or one below it, is named: by HELO, in a path, or as the host that is talked to.
        ///
        /// In lower case.
        case domain(String)

        /// Reads an address, a network (`192.0.2.0/24`), or a domain; `nil` for anything else.
        package init?(_ text: String) {
            if let network = IPNetwork(text) {
                self = .network(network)
                return
            }
            let name = ASCII.lowercased(text)
            let octets = name.utf8
            guard (1...253).contains(octets.count), octets.first != ASCII.dot, octets.last != ASCII.dot,
                octets.allSatisfy({
                    ASCII.isAlphanumeric($0) || $0 == 0x2D || $0 == ASCII.dot || $0 == 0x5F || $0 > 0x7F
                })
            else { return nil }
            self = .domain(name)
        }

        package var description: String {
            switch self {
            case .network(let network): "\(network)"
            case .domain(let name): name
            }
        }
    }

    /// Given once; digits and small letters.
    package var id: String
    package var subject: Subject
    package var directions: Set<TraceDirection>
    /// Nanoseconds since 1970.
    package var started: Int64
    /// It is over then.
    package var until: Int64
    /// It is over when it has grown to this.
    package var maximumOctets: Int64
    /// Message content is kept, too.
    package var showsContent: Bool
    /// Who switched it on.
    package var startedBy: String
    /// Somebody ended it before its time.
    package var isStopped = false

    package init(
        id: String,
        subject: Subject,
        directions: Set<TraceDirection>,
        started: Int64,
        until: Int64,
        maximumOctets: Int64,
        showsContent: Bool,
        startedBy: String
    ) {
        self.id = id
        self.subject = subject
        self.directions = directions
        self.started = started
        self.until = until
        self.maximumOctets = maximumOctets
        self.showsContent = showsContent
        self.startedBy = startedBy
    }

    /// Bounds of what may be asked for.
    package static let longest = Duration.seconds(7 * 86_400)
    package static let sizes = Int64(1024)...(Int64(10) << 30)

    func covers(_ peer: SocketAddress) -> Bool {
        if case .network(let network) = subject { network.contains(peer) } else { false }
    }

    /// - Parameter name: in lower case.
    func covers(name: String) -> Bool {
        guard case .domain(let domain) = subject else { return false }
        return name == domain || name.hasSuffix("." + domain)
    }

    var isAboutDomain: Bool { if case .domain = subject { true } else { false } }

    // MARK: As a file

    package var json: JSONValue {
        [
            "id": .string(id), "subject": .string("\(subject)"),
            "directions": .strings(directions.map(\.rawValue).sorted()),
            "started": .string(Timestamp.text(nanoseconds: started)),
            "until": .string(Timestamp.text(nanoseconds: until)),
            "maximumOctets": .integer(maximumOctets), "content": .bool(showsContent), "startedBy": .string(startedBy),
            "stopped": .bool(isStopped),
        ]
    }

    /// `nil` for what is no definition.
    init?(_ octets: [UInt8]) {
        guard let json = try? JSONValue(parsing: octets), let id = json["id"]?.string, Self.isID(id),
            let subject = json["subject"]?.string.flatMap(Subject.init),
            let started = json["started"]?.string.flatMap(Timestamp.parse),
            let until = json["until"]?.string.flatMap(Timestamp.parse), let maximum = json["maximumOctets"]?.integer
        else { return nil }
        self.init(
            id: id,
            subject: subject,
            directions: Set((json["directions"]?.strings ?? []).compactMap(TraceDirection.init(rawValue:))),
            started: started,
            until: until,
            maximumOctets: maximum,
            showsContent: json["content"]?.bool ?? false,
            startedBy: json["startedBy"]?.string ?? ""
        )
        isStopped = json["stopped"]?.bool ?? false
    }

    /// Ids become names of files.
    package static func isID(_ text: String) -> Bool {
        (1...32).contains(text.utf8.count) && text.utf8.allSatisfy { ASCII.isDigit($0) || (0x61...0x7A).contains($0) }
    }
}
