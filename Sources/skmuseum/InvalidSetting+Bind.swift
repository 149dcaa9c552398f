import Foundation
import HTTPServer
import Platform

extension InvalidSetting {
    /// Why a role's port can't be bound, and which variable is to be changed.
    init(_ error: BindError) {
        let (address, port) = (error.address, error.port)
        let variable = "\(error.role.uppercased())_PORT"
        switch error.code {
        case EADDRINUSE:
            self.init(variable, "is \(port), which another program listens on; stop it, or set \(variable) to another port")
        case EACCES, EPERM:
            self.init(variable, "is \(port), which this user may not listen on; set \(variable) to a port from 1024 to 65535")
        case EADDRNOTAVAIL:
            self.init("BIND_ADDRESS", "is \(address), which is no address of this machine; 'ip address' lists them")
        case EAFNOSUPPORT:
            self.init("BIND_ADDRESS", "is \(address), but this machine has no IPv6; set it to an IPv4 address")
        default:
            let reason = String(cString: strerror(error.code))
            self.init("BIND_ADDRESS", "is \(address), which can't be listened on at port \(port) (\(variable)): \(reason)")
        }
    }
}
