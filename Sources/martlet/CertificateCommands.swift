// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import AdminCLI
internal import Runtime
internal import ServiceControl

extension Command {
    /// `martlet certificate`.
    static let certificate = Command(
        "certificate",
        summary: "The certificate for TLS",
        subcommands: [create, show]
    )

    private static let selfSigned = Option("--self-signed", help: "Make one that vouches for itself")
    private static let name = Option(
        "--name",
        value: "NAME",
        help: "DNS name or IP address it is for; may be given several times (localhost)",
        isRepeated: true
    )
    private static let replace = Option("--replace", help: "Replace the certificate that is there")

    private static let create = Command(
        "create",
        summary: "Make a certificate with its key in the data folder",
        discussion: "It is a self-signed one: clients will ask whether to trust it. For one that they trust, put the "
            + "files of a certificate authority in keys/server.crt and keys/server.key; a running server takes them up.",
        options: [selfSigned, name, replace],
        examples: ["martlet certificate create --self-signed --name mail.example.org"],
        action: .perform { (invocation) throws(CommandError) in
            let layout = InstanceLayout(data: invocation.dataFolder)
            guard invocation.has(replace) || !Files.exists(layout.certificateFile) else {
                throw CommandError(
                    .cannotCreate,
                    "\(layout.certificateFile) is there already. Add --replace to make another in its place."
                )
            }
            let named = invocation.values(name)
            do {
                try layout.prepare()
                let made = try SelfSignedCertificate(names: named.isEmpty ? ["localhost"] : named)
                try Files.replace(layout.keyFile, with: made.key)
                try Files.replace(layout.certificateFile, with: made.certificate, mode: 0o644)
            } catch {
                throw CommandError(.cannotCreate, String(describing: error))
            }
            invocation.terminal.write("Made \(layout.certificateFile).\n")
        }
    )

    private static let show = Command(
        "show",
        summary: "Show the certificate in use",
        action: .perform { (invocation) throws(CommandError) in
            let layout = InstanceLayout(data: invocation.dataFolder)
            do throws(TLSError) {
                invocation.terminal.write(try CertificateFacts(file: layout.certificateFile).text)
            } catch {
                throw CommandError(.noInput, error.message)
            }
        }
    )
}
