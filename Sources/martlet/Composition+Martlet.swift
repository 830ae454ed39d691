// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminCLI
internal import Catalogue

extension Composition {
    /// What this program is made of.
    static let martlet = Composition(
        settings: settingsTree,
        events: eventCatalogue,
        version: ProgramEnvironment.version,
        commands: [.serve, .certificate]
    )
}
