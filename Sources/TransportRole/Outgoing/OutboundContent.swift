// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import SMTPClient
package import Settings

/// What is done to content that another server cannot take.
package enum OutboundContentSettings {
    package static let signedEightBit = SettingKey(
        "outbound/signed-8bit",
        default: SignedEightBit.convert,
        help: "A message with 8-bit data and a DKIM signature, for a server without 8BITMIME: convert (it arrives, as "
            + "unsigned), as-is (against RFC 6152 §3) or return (to its sender, where no host of the domain takes it). "
            + "What is in a multipart/signed or multipart/encrypted is never converted: with as-is it goes as it is, "
            + "otherwise to its sender."
    )
}

extension SignedEightBit: SettingValue {
    package static var settingTypeName: String { allCases.map(\.rawValue).joined(separator: " | ") }
    package init?(settingText: String) { self.init(rawValue: settingText) }
    package var settingText: String { rawValue }
}

package let outboundContentSettings: [SettingDeclaration] = [OutboundContentSettings.signedEightBit.declaration]
