// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import Events
package import Runtime
internal import Settings

/// The certificate of a worker's listeners, read again whenever its files change.
package enum ServerCertificate {
    /// How often the files are looked at.
    private static let interval: Duration = .seconds(5)

    /// The instance's certificate; `nil`, with an event, when there is none that can be used.
    ///
    /// Runs on the worker's main loop; from then on changed files are put in force by themselves. With
    /// `requestsCertificates`, clients are asked for theirs, as `tls/client-authorities-file` says whom to trust.
    package static func load(_ context: WorkerContext, requestsCertificates: Bool = false) -> TLSContext? {
        let settings = context.settings.current
        let certificate = path(settings[ServiceSettings.certificateFile], context.layout.certificateFile, context)
        let key = path(settings[ServiceSettings.keyFile], context.layout.keyFile, context)
        return load(certificate, key, requestsCertificates ? authorities(context) : nil, context)
    }

    /// Whose certificates of clients are trusted; `nil` for nobody's.
    private static func authorities(_ context: WorkerContext) -> String? {
        let file = context.settings.current[ServiceSettings.clientAuthoritiesFile]
        return file.isEmpty ? nil : path(file, "", context)
    }

    /// The certificate of one SMTP listener, when it has one of its own; else `shared`.
    package static func load(_ context: WorkerContext, instance: String, or shared: TLSContext?) -> TLSContext? {
        let settings = context.settings.current
        let certificate = settings[SMTPListenerSettings.certificateFile, instance: instance]
        let requests = settings[SMTPListenerSettings.requestsCertificate, instance: instance]
        guard !certificate.isEmpty else { return requests ? load(context, requestsCertificates: true) : shared }
        let key = settings[SMTPListenerSettings.keyFile, instance: instance]
        return load(
            path(certificate, "", context),
            path(key, context.layout.keyFile, context),
            requests ? authorities(context) : nil,
            context
        )
    }

    /// Without the authorities while they cannot be used: clients then log on in other ways.
    private static func load(
        _ certificate: String,
        _ key: String,
        _ authorities: String?,
        _ context: WorkerContext
    ) -> TLSContext? {
        do throws(TLSError) {
            let tls = try TLSContext.server(
                certificateFile: certificate,
                keyFile: key,
                clientAuthoritiesFile: authorities
            )
            if let error = tls.unusableAuthorities {
                context.events.record(.certificateUnusable, ["error": .string(error.message)])
            }
            watch([certificate, key] + (authorities.map { [$0] } ?? []), tls, context)
            return tls
        } catch {
            context.events.record(.certificateUnusable, ["error": .string(error.message)])
            return nil
        }
    }

    private static func path(_ setting: String, _ standard: String, _ context: WorkerContext) -> String {
        if setting.isEmpty { return standard }
        return setting.hasPrefix("/") ? setting : "\(context.layout.data)/\(setting)"
    }

    private static func watch(_ files: [String], _ tls: TLSContext, _ context: WorkerContext) {
        var stamps = files.map(FileStamp.init)
        context.loop.every(interval) {
            let now = files.map(FileStamp.init)
            guard now != stamps else { return }
            stamps = now
            do throws(TLSError) {
                try tls.reload()
                context.events.record(.certificateReloaded, ["files": .list(files)])
            } catch {
                context.events.record(.certificateUnusable, ["error": .string(error.message)])
            }
        }
    }
}
