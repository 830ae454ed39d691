// Copyright the Martlet authors
// SPDX-License-Identifier: Apache-2.0

internal import COpenSSL
internal import Glibc

/// One TLS session on a non-blocking socket (OpenSSL works on the descriptor itself).
///
/// Used by one task only.
@safe
final class TLSStream {
    let ssl: OpaquePointer
    private var isBroken = false

    init(_ ssl: OpaquePointer) { unsafe self.ssl = ssl }

    deinit { unsafe SSL_free(ssl) }

    enum Handshake { case done, wantsRead, wantsWrite }

    func handshake() throws(IOError) -> Handshake {
        ERR_clear_error()
        let result = unsafe SSL_do_handshake(ssl)
        if result == 1 { return .done }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: throw .closed
        case SSL_ERROR_SYSCALL where errno == 0 || errno == ECONNRESET || errno == EPIPE: throw failed(.closed)
        default: throw failed(.tls(TLSError.openSSL("handshake").message + objection))
        }
    }

    /// What is wrong with the other side's certificate, where that was asked for and found wanting: OpenSSL's error says
    /// only that something is.
    private var objection: String {
        let verdict = unsafe SSL_get_verify_result(ssl)
        guard unsafe SSL_get_verify_mode(ssl) & SSL_VERIFY_PEER != 0, verdict != Int(X509_V_OK),
            let text = unsafe X509_verify_cert_error_string(verdict)
        else { return "" }
        return unsafe " (\(String(cString: text)))"
    }

    func read(into input: inout InputBuffer, scratch: UnsafeMutableRawBufferPointer) throws(IOError)
        -> Connection.Receipt
    {
        ERR_clear_error()
        errno = 0
        var count = 0
        let result = unsafe SSL_read_ex(ssl, scratch.baseAddress, scratch.count, &count)
        if result == 1 {
            unsafe input.bytes.append(contentsOf: UnsafeRawBufferPointer(rebasing: scratch[..<count]))
            return .bytes
        }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_ZERO_RETURN: return .end
        case SSL_ERROR_SYSCALL: throw failed(errno == 0 ? .closed : .last("recv"))
        default: throw failed(.tls(TLSError.openSSL("read").message))
        }
    }

    func write(_ bytes: [UInt8], from offset: Int) throws(IOError) -> Connection.Transmission {
        ERR_clear_error()
        errno = 0
        var count = 0
        let result = unsafe bytes.withUnsafeBytes { raw in
            unsafe SSL_write_ex(ssl, raw.baseAddress.map { unsafe $0 + offset }, raw.count - offset, &count)
        }
        if result == 1 { return .sent(count) }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ: return .wantsRead
        case SSL_ERROR_WANT_WRITE: return .wantsWrite
        case SSL_ERROR_SYSCALL: throw failed(errno == 0 ? .closed : .last("send"))
        default: throw failed(.tls(TLSError.openSSL("write").message))
        }
    }

    /// Whether decrypted or read-ahead bytes wait inside OpenSSL, which the descriptor will not tell of.
    var hasPending: Bool { unsafe SSL_has_pending(ssl) == 1 }

    /// Sends close_notify, as far as the socket takes it now.
    func shutdown() {
        guard !isBroken, unsafe SSL_is_init_finished(ssl) == 1 else { return }
        ERR_clear_error()
        unsafe SSL_shutdown(ssl)
    }

    var facts: TLSFacts {
        TLSFacts(
            version: unsafe String(cString: SSL_get_version(ssl)),
            cipher: unsafe COpenSSL_SSL_get_cipher_name(ssl).map { unsafe String(cString: $0) } ?? "",
            serverName: unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) }
        )
    }

    /// Asks for, and verifies, the certificate of this name, or of this numeric address, which is not asked for
    /// (RFC 6066 §3).
    func expect(serverName: String) {
        if SocketAddress(host: serverName, port: 0) != nil {
            unsafe X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), serverName)
            return
        }
        _ = unsafe COpenSSL_SSL_set_tlsext_host_name(ssl, serverName)
        unsafe SSL_set1_host(ssl, serverName)
    }

    /// After a fatal error OpenSSL forbids SSL_shutdown.
    private func failed(_ error: IOError) -> IOError {
        isBroken = true
        return error
    }
}
