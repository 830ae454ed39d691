// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

import ByteTools
import Glibc
import Runtime

/// A self-signed certificate, in files for the time of a test, and contexts for both ends.
func withTLS(_ body: (_ server: TLSContext, _ client: TLSContext) async throws -> Void) async throws {
    let made = try SelfSignedCertificate(names: ["localhost"])
    let base = "/tmp/martlet-test-\(Hex.encode(secureRandom(8)))"
    for (suffix, bytes) in [(".crt", made.certificate), (".key", made.key)] {
        let file = unsafe open(base + suffix, O_CREAT | O_WRONLY, 0o600)
        _ = unsafe Glibc.write(file, bytes, bytes.count)
        close(file)
    }
    defer { for suffix in [".crt", ".key"] { unsafe unlink(base + suffix) } }
    let server = try TLSContext.server(certificateFile: base + ".crt", keyFile: base + ".key")
    try await body(server, try TLSContext.client(verify: false))
}
