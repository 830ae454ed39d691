// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminAPI
internal import ByteTools
internal import Settings

/// The settings of one kind of named things, such as `connector/NAME/...`, changed as a whole.
///
/// A thing is there when it has its `defining` setting: that is set last and unset first, so that nobody sees a thing
/// with a part of its settings.
struct InstanceSettings: Sendable {
    let settings: SettingsAdministration
    /// The first part of their paths.
    let kind: String
    /// The setting that makes a thing of the others.
    let defining: String

    /// Whether a new thing may have the name; nothing is looked up.
    static func isName(_ name: String) -> Bool { SettingsTree.isInstanceName(name) && name == ASCII.lowercased(name) }

    /// Whether a request sets what defines a thing.
    func isDefined(by request: AdminRequest) -> Bool {
        request.body?["settings"]?[defining]?.string?.isEmpty == false
    }

    /// The values that a request has for a thing, in the order in which they are set; an empty one takes a setting out.
    ///
    /// Throws for what cannot be set, so that nothing is when one value cannot be. `check` sees each name and value.
    func values(
        for name: String,
        in request: AdminRequest,
        check: (String, String) async throws(AdminError) -> Void = { (_, _) throws(AdminError) in }
    ) async throws(AdminError) -> [(path: String, text: String)] {
        var values: [(path: String, text: String)] = []
        for member in request.body?["settings"]?.members ?? [] {
            guard let text = member.value.string else { throw AdminError(.badRequest, "Settings are texts.") }
            let address = try settings.resolve("\(kind)/\(name)/\(member.name)")
            if !text.isEmpty, let refusal = address.declaration.refusal(text) {
                throw AdminError(.invalid, "\(refusal).")
            }
            try await check(member.name, text)
            values.append((address.path, text))
        }
        return values.sorted { rank($0.path) < rank($1.path) }
    }

    func put(_ values: [(path: String, text: String)], for request: AdminRequest) async throws(AdminError) {
        for (path, text) in values {
            if text.isEmpty {
                _ = try await settings.unset(path, by: request.caller)
            } else {
                _ = try await settings.set(path, to: text, by: request.caller)
            }
        }
    }

    /// Takes everything out that a thing has.
    func remove(_ name: String, for request: AdminRequest) async throws(AdminError) {
        let own = await settings.load().snapshot.texts.keys.filter { $0.hasPrefix("\(kind)/\(name)/") }
        for path in own.sorted(by: { rank($0) > rank($1) }) {
            _ = try await settings.unset(path, by: request.caller)
        }
    }

    private func rank(_ path: String) -> Int { path.hasSuffix("/\(defining)") ? 1 : 0 }
}
