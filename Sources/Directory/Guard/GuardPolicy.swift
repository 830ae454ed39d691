// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Runtime
internal import Settings

/// What the settings say of failed log-ons.
struct GuardPolicy: Sendable {
    let perNetwork: Int64
    let perAccount: Int64
    /// Seconds.
    let window: Int64
    /// Seconds; 0 for no bans.
    let banTime: Int64
    private let trusted: [IPNetwork]

    init(_ settings: SettingsSnapshot) {
        perNetwork = Int64(settings[DirectorySettings.failuresPerNetwork])
        perAccount = Int64(settings[DirectorySettings.failuresPerAccount])
        window = settings[DirectorySettings.failureWindow].components.seconds
        banTime = settings[DirectorySettings.banTime].components.seconds
        trusted = settings[DirectorySettings.trustedNetworks].compactMap(IPNetwork.init)
    }

    func trusts(_ peer: String) -> Bool {
        guard let address = SocketAddress(host: peer, port: 0) else { return true }
        return trusted.contains { $0.contains(address) }
    }

    func limit(of subject: GuardSubject) -> Int64 {
        if case .account = subject { perAccount } else { perNetwork }
    }
}
