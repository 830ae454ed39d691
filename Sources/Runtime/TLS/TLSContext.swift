// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import Locking

/// A certificate with its key and the rules of handshakes made with it.
///
/// `reload` exchanges the certificate; sessions that are open keep the old one.
@safe
package final class TLSContext: Sendable {
    private let current: Lock<OwnedContext>
    /// Given the one that is in force, if one is.
    private let make: @Sendable (OwnedContext?) throws(TLSError) -> OwnedContext

    private init(_ make: @escaping @Sendable (OwnedContext?) throws(TLSError) -> OwnedContext) throws(TLSError) {
        self.make = make
        current = Lock(try make(nil))
    }

    /// For listeners: TLS 1.2 and later.
    ///
    /// The files are PEM; the certificate's holds the chain as well, leaf first. With `clientAuthoritiesFile`, clients
    /// are asked for a certificate; one that those authorities do not vouch for is as good as none. A file of
    /// authorities that cannot be used is no error here: see `unusableAuthorities`.
    package static func server(
        certificateFile: String,
        keyFile: String,
        clientAuthoritiesFile: String? = nil
    ) throws(TLSError) -> TLSContext {
        try TLSContext { (old) throws(TLSError) in
            let context = try OwnedContext(server: true)
            guard unsafe SSL_CTX_use_certificate_chain_file(context.pointer, certificateFile) == 1 else {
                throw .openSSL("certificate file \(certificateFile)")
            }
            guard unsafe SSL_CTX_use_PrivateKey_file(context.pointer, keyFile, SSL_FILETYPE_PEM) == 1 else {
                throw .openSSL("key file \(keyFile)")
            }
            guard unsafe SSL_CTX_check_private_key(context.pointer) == 1 else {
                throw TLSError("the key in \(keyFile) does not belong to the certificate in \(certificateFile)")
            }
            if let clientAuthoritiesFile { context.requestCertificates(clientAuthoritiesFile, or: old) }
            return context
        }
    }

    /// For connections that this server opens.
    ///
    /// With `verify`, the peer's certificate must be valid for its name by the system's authorities, or by those of a
    /// PEM file instead.
    package static func client(verify: Bool, authoritiesFile: String? = nil) throws(TLSError) -> TLSContext {
        try TLSContext { (_) throws(TLSError) in
            let context = try OwnedContext(server: false)
            if verify {
                unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
                if let authoritiesFile {
                    guard unsafe SSL_CTX_load_verify_file(context.pointer, authoritiesFile) == 1 else {
                        throw .openSSL("authorities file \(authoritiesFile)")
                    }
                } else {
                    guard unsafe SSL_CTX_set_default_verify_paths(context.pointer) == 1 else {
                        throw .openSSL("system authorities")
                    }
                }
            }
            return context
        }
    }

    /// Why clients are not asked for certificates by the file of authorities as it was read last: they are asked by the
    /// one before, or not at all.
    package var unusableAuthorities: TLSError? { current.withLock { $0.unusableAuthorities } }

    /// Reads the files again.
    ///
    /// When the certificate or its key cannot be used, all stays as it was and the reason is thrown. When only the
    /// authorities cannot, the certificate is exchanged, the old authorities stay, and the reason is thrown, too.
    package func reload() throws(TLSError) {
        let fresh = try make(current.withLock { $0 })
        current.withLock { $0 = fresh }
        if let error = fresh.unusableAuthorities { throw error }
    }

    /// A session on `fd`, which the stream does not own.
    func stream(on fd: Int32, server: Bool) throws(IOError) -> TLSStream {
        let context = current.withLock { $0 }
        guard let ssl = unsafe SSL_new(context.pointer), unsafe SSL_set_fd(ssl, fd) == 1 else {
            throw .tls(TLSError.openSSL("session").message)
        }
        if server { unsafe SSL_set_accept_state(ssl) } else { unsafe SSL_set_connect_state(ssl) }
        return unsafe TLSStream(ssl)
    }
}

/// An `SSL_CTX` with the house settings, freed with its last user (OpenSSL counts sessions' references itself).
@safe
private final class OwnedContext: @unchecked Sendable {
    // Safe to share: an SSL_CTX may be used by several threads once it is set up, and so is what else is here.
    let pointer: OpaquePointer
    /// Set when clients are asked for certificates: 32 octets by which sessions of the same authorities are known.
    private var sessionContext: [UInt8]?
    private(set) var unusableAuthorities: TLSError?

    init(server: Bool) throws(TLSError) {
        guard let context = unsafe SSL_CTX_new(server ? TLS_server_method() : TLS_client_method()) else {
            throw .openSSL("context")
        }
        unsafe pointer = context
        _ = unsafe COpenSSL_SSL_CTX_set_min_proto_version(context, COpenSSL_TLS1_2_VERSION)
        _ = unsafe COpenSSL_SSL_CTX_set_mode(
            context,
            COpenSSL_SSL_MODE_RELEASE_BUFFERS | COpenSSL_SSL_MODE_ENABLE_PARTIAL_WRITE
                | COpenSSL_SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER
        )
        _ = unsafe COpenSSL_SSL_CTX_set_options(
            context,
            COpenSSL_SSL_OP_NO_RENEGOTIATION | COpenSSL_SSL_OP_IGNORE_UNEXPECTED_EOF
                | COpenSSL_SSL_OP_CIPHER_SERVER_PREFERENCE
        )
        // Tickets carry the state of sessions; a cache on this side would only cost memory.
        _ = unsafe COpenSSL_SSL_CTX_set_session_cache_mode(context, Int(SSL_SESS_CACHE_OFF))
        _ = unsafe COpenSSL_SSL_CTX_set_read_ahead(context, 1)
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    /// Asks clients for a certificate of one of these authorities, or when the file cannot be used, of those that are
    /// in force.
    func requestCertificates(_ authoritiesFile: String, or old: OwnedContext?) {
        do throws(TLSError) {
            try requestCertificates(authoritiesFile)
        } catch {
            unusableAuthorities = error
            if let old { takeAuthorities(of: old) }
        }
    }

    /// The store and the names are counted references and a copy: both contexts own theirs.
    private func takeAuthorities(of old: OwnedContext) {
        guard let context = old.sessionContext, let store = unsafe SSL_CTX_get_cert_store(old.pointer),
            unsafe SSL_CTX_set_session_id_context(pointer, context, UInt32(context.count)) == 1,
            let names = unsafe SSL_dup_CA_list(SSL_CTX_get_client_CA_list(old.pointer))
        else { return }
        unsafe SSL_CTX_set1_cert_store(pointer, store)
        unsafe SSL_CTX_set_client_CA_list(pointer, names)
        unsafe COpenSSL_SSL_CTX_request_certificate(pointer)
        sessionContext = context
    }

    /// Asks clients for a certificate of one of these authorities, and tells them which those are.
    private func requestCertificates(_ authoritiesFile: String) throws(TLSError) {
        guard unsafe SSL_CTX_load_verify_file(pointer, authoritiesFile) == 1,
            let names = unsafe SSL_load_client_CA_file(authoritiesFile)
        else { throw .openSSL("authorities file \(authoritiesFile)") }
        unsafe SSL_CTX_set_client_CA_list(pointer, names)
        unsafe COpenSSL_SSL_CTX_request_certificate(pointer)
        // A session is resumed only where the same authorities were asked; without a value, OpenSSL resumes none that
        // began with a certificate.
        let context = try Self.digest(ofFile: authoritiesFile)
        guard unsafe SSL_CTX_set_session_id_context(pointer, context, UInt32(context.count)) == 1 else {
            throw .openSSL("session context")
        }
        sessionContext = context
    }

    /// 32 octets, which is as many as OpenSSL takes.
    private static func digest(ofFile path: String) throws(TLSError) -> [UInt8] {
        guard let file = unsafe BIO_new_file(path, "r") else { throw .openSSL("authorities file \(path)") }
        defer { unsafe BIO_free(file) }
        var content: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = unsafe BIO_read(file, &piece, Int32(piece.count))
            guard count > 0 else { return Digest.sha256(content) }
            content += piece.prefix(Int(count))
        }
    }
}

extension TLSError {
    /// The oldest error OpenSSL holds for this thread, and clears the rest.
    static func openSSL(_ what: String) -> TLSError {
        let code = ERR_get_error()
        ERR_clear_error()
        guard code != 0 else { return TLSError("\(what): failed") }
        var text = [CChar](repeating: 0, count: 256)
        unsafe ERR_error_string_n(code, &text, text.count)
        return TLSError(
            "\(what): \(String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))"
        )
    }
}
