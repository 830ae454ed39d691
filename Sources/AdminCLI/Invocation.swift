// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import AdminAPI
package import ByteTools
internal import Runtime

/// One call of a command: what was given, and what it works with.
package struct Invocation: Sendable {
    package let parsed: ParsedCommand
    package let terminal: Terminal
    package let installation: Installation
    /// The loop of this task; `nil` for commands that take the process over.
    private let loop: EventLoop?

    init(parsed: ParsedCommand, terminal: Terminal, installation: Installation, loop: EventLoop?) {
        self.parsed = parsed
        self.terminal = terminal
        self.installation = installation
        self.loop = loop
    }

    /// Ends acting as the owner of the data folder, when an operation without a server made this process do so.
    func actAsCaller() { installation.actAsCaller() }

    package var dataFolder: String { installation.folder }

    package func has(_ option: Option) -> Bool { parsed.options[option.name] != nil }

    /// The option's value; the last, if it may be repeated.
    package func value(_ option: Option) -> String? { parsed.options[option.name]?.last }

    package func values(_ option: Option) -> [String] { parsed.options[option.name] ?? [] }

    /// The words given for an argument; empty for an optional one that is missing.
    package func words(_ argument: Argument) -> [String] { parsed.arguments[argument.name] ?? [] }

    /// The word given for an argument that must be there.
    package func word(_ argument: Argument) throws(CommandError) -> String {
        guard let word = words(argument).first else {
            throw CommandError(.usage, "\(argument.name) is missing. See: \(parsed.name) --help")
        }
        return word
    }

    /// Has an operation done, by the server if one runs, and answers with what it says.
    package func ask(
        _ method: AdminRequest.Method,
        _ path: [String],
        query: [AdminRequest.Parameter] = [],
        body: JSONValue? = nil
    ) async throws(CommandError) -> JSONValue {
        guard let loop else { throw CommandError(.software, "This command has no event loop.") }
        do throws(AdminError) {
            let endpoint = try await installation.endpoint(loop: loop)
            return try await endpoint.send(try Self.request(method, path, query, body)).get()
        } catch {
            throw CommandError(error)
        }
    }

    /// Begins a long operation, at the server if one runs.
    package func begin(
        _ method: AdminRequest.Method,
        _ path: [String],
        query: [AdminRequest.Parameter] = [],
        body: JSONValue? = nil
    ) async throws(CommandError) -> AdminAnswer {
        do throws(AdminError) {
            return try await beginCall(method, path, query: query, body: body, sendsBody: false)
        } catch {
            throw CommandError(error)
        }
    }

    /// As `begin`; with a body of any length, which is then to be sent.
    func beginCall(
        _ method: AdminRequest.Method,
        _ path: [String],
        query: [AdminRequest.Parameter] = [],
        body: JSONValue? = nil,
        sendsBody: Bool = true
    ) async throws(AdminError) -> AdminAnswer {
        guard let loop else { throw AdminError(.failure, "This command has no event loop.") }
        let endpoint = try await installation.endpoint(loop: loop)
        let request = try Self.request(method, path, query, body)
        return AdminAnswer(try await endpoint.open(request, hasBody: sendsBody))
    }

    /// A part of a path that is empty would be lost on the way, and the request be about something else.
    private static func request(
        _ method: AdminRequest.Method,
        _ path: [String],
        _ query: [AdminRequest.Parameter],
        _ body: JSONValue?
    ) throws(AdminError) -> AdminRequest {
        guard !path.contains("") else { throw AdminError(.badRequest, "An argument must not be empty.") }
        return AdminRequest(method, ["v1"] + path, query: query, body: body)
    }

    /// Does what blocks, with files; what the system refuses ends the command with this code.
    func onPool<Value: Sendable>(
        refusing exitCode: ExitCode = .noInput,
        _ body: @escaping @Sendable () throws(FileError) -> Value
    ) async throws(CommandError) -> Value {
        let outcome = await BlockingPool.shared.run { () -> Result<Value, FileError> in
            do throws(FileError) { return .success(try body()) } catch { return .failure(error) }
        }
        do throws(FileError) { return try outcome.get() } catch { throw CommandError(exitCode, "\(error)") }
    }

    func pause(_ duration: Duration) async { try? await loop?.sleep(for: duration) }

    /// Shows a listing: as JSON if that was asked for, else as a table of the members named in `columns`.
    package func show(_ items: JSONValue, columns: [(title: String, cell: (JSONValue) -> String)]) {
        if has(.json) {
            terminal.write(items.indented + "\n")
            return
        }
        let rows = (items.array ?? []).map { item in columns.map { $0.cell(item) } }
        terminal.write(Table(columns.map(\.title), rows).text)
    }

    /// Shows one thing: as JSON if that was asked for, else `text`.
    package func show(_ item: JSONValue, text: (JSONValue) -> String) {
        terminal.write(has(.json) ? item.indented + "\n" : text(item) + "\n")
    }
}

extension JSONValue {
    /// A member as text for people: empty for null, `yes` and `no`, lists with commas.
    package func shown(_ name: String) -> String {
        switch self[name] {
        case .string(let text)?: text
        case .integer(let number)?: String(number)
        case .number(let number)?: String(number)
        case .bool(let claim)?: claim ? "yes" : "no"
        case .array(let items)?:
            items.map { $0.string ?? String(decoding: $0.encoded, as: UTF8.self) }.joined(separator: ", ")
        case .null?, nil: ""
        case .object?: ""
        }
    }
}
