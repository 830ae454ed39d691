// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

package import Settings

/// The settings of the front-end's way to the back-ends.
package enum FrontEndSettings {
    package static let backEndDeadline = SettingKey(
        "frontend/back-end-deadline",
        default: Duration.seconds(10),
        in: .milliseconds(100) ... .seconds(600),
        help: """
            How long a front-end tries to reach the back-end of an account, at log-on and when the back-end was lost. \
            Past it the client is told [UNAVAILABLE] or [SYS/TEMP] and stays connected.
            """
    )
}

package let mailProxySettings: [SettingDeclaration] = [FrontEndSettings.backEndDeadline.declaration]
