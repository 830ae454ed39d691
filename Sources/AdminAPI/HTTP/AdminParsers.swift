// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import ByteTools

/// The parser of requests by itself, over octets in memory: for the fuzz target.
package enum AdminParsers {
    /// The request in `octets`: its lines, which end in LF, an empty one, and the body; `nil` for what is refused.
    package static func request(_ octets: [UInt8], caller: AdminCaller) -> AdminRequest? {
        var rest = octets[...]
        func nextLine() -> [UInt8] {
            let line = Array(rest.prefix { $0 != ASCII.lf })
            rest = rest.dropFirst(line.count + 1)
            return line
        }
        do throws(HTTPError) {
            var head = try HTTPRequestHead(requestLine: nextLine())
            while true {
                let line = nextLine()
                if line.isEmpty { break }
                try head.add(fieldLine: line)
            }
            try head.finish()
            precondition(head.bodyOctets <= HTTPRequestHead.maximumBodyOctets)
            let request = try AdminRequest(head, body: Array(rest.prefix(head.bodyOctets)), caller: caller)
            precondition(request.path.count <= 16)
            return request
        } catch {
            precondition((400...599).contains(error.status) && !error.reason.isEmpty)
            return nil
        }
    }

    /// The path and query of a request, as a client writes them.
    package static func target(of request: AdminRequest) -> String { request.target }
}
