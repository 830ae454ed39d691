// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

extension Command {
    static let route = Command(
        "route",
        summary: "Where mail goes",
        subcommands: [.routeExplain]
    )
}
