// SPDX-License-Identifier: MIT
// All of hob::tls, which a program adds to <hob/hob.hpp> and to what it links.
#pragma once

#include <hob/tls/certificate.hpp>  // certificates made on the spot
#include <hob/tls/context.hpp>      // TlsContext, create_default_context
#include <hob/tls/error.hpp>        // SSLError, SSLCertVerificationError, SSLEOFError
