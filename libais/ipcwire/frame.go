package ipcwire

// This file is the frame header, the two messages of the handshake, the name of
// the socket, and what an error number is called. It never touches a socket.

// Protocol is the version of everything in this package. Library and executive
// come from one build tree but an application keeps its library loaded while the
// executive is replaced under it, so both sides check it.
const Protocol = 1

// DefaultSocket is where the executive listens and the library connects when
// nothing else was said: '@' stands for the abstract name space, which needs no
// directory, no permission to create and leaves nothing behind after a crash.
const DefaultSocket = "@ais/aisexec"

// SocketEnv is the environment variable that names another socket on both sides.
const SocketEnv = "AIS_SOCKET"

// MaxSocketName is the longest path or abstract name (without its '@') that fits
// in a sockaddr_un with its terminator.
const MaxSocketName = 107

// Operations of the handshake.
const (
	OpHello   Op = 0xFF01 // the first frame of the library
	OpWelcome Op = 0xFF02 // the first frame of the executive
)

// MaxHello bounds the service's part of a hello: the executive reads it before
// it knows whom it talks to.
const MaxHello = 4096

// Header is a frame's header.
type Header struct {
	Size  uint32 // whole frame, header included
	Op    Op
	Seq   uint32
	Error Error
}

// AppendHeader appends the header of a frame whose body is bodySize bytes.
func AppendHeader(dst []byte, op Op, seq uint32, err Error, bodySize int) []byte {
	dst = appendU32(dst, uint32(HeaderSize+bodySize))
	dst = appendU16(dst, uint16(op))
	dst = appendU16(dst, 0)
	dst = appendU32(dst, seq)
	return appendU32(dst, uint32(err))
}

// PutHeader writes the header over the first HeaderSize bytes of b.
func PutHeader(b []byte, op Op, seq uint32, err Error, bodySize int) {
	AppendHeader(b[:0:HeaderSize], op, seq, err, bodySize)
}

// DecodeHeader reads a header. It is false when src is shorter than HeaderSize
// or the header breaks a rule: a size below the header's or above MaxFrame, or
// flags that are not zero.
func DecodeHeader(src []byte) (Header, bool) {
	if len(src) < HeaderSize {
		return Header{}, false
	}
	r := reader{b: src[:HeaderSize]}
	h := Header{Size: r.u32(), Op: Op(r.u16())}
	flags := r.u16()
	h.Seq, h.Error = r.u32(), Error(r.u32())
	if flags != 0 || h.Size < HeaderSize || h.Size > MaxFrame {
		return Header{}, false
	}
	return h, true
}

// Hello is the first message on a connection. Body is the service's own part
// (Service.LibInit gets it).
type Hello struct {
	Protocol   uint16
	Service    Service
	Generation Generation
	Body       []byte
}

// AppendHello appends a hello's body.
func AppendHello(dst []byte, h *Hello) []byte {
	dst = appendU16(dst, h.Protocol)
	dst = append(dst, byte(h.Service), byte(h.Generation))
	return append(dst, h.Body...)
}

// DecodeHello reads a hello; Body aliases src.
func DecodeHello(src []byte, h *Hello) bool {
	r := reader{b: src}
	*h = Hello{Protocol: r.u16(), Service: Service(r.u8()), Generation: Generation(r.u8()), Body: r.rest()}
	return r.end() && len(h.Body) <= MaxHello
}

// Welcome is the executive's answer to a hello; the frame's error tells whether
// the connection stands. Only then does a descriptor come with it.
type Welcome struct {
	Protocol   uint16
	NodeID     uint32
	MaxMessage uint32 // the largest payload a request may multicast
	MaxQueue   uint32 // bytes of callbacks the executive keeps for this connection
}

// AppendWelcome appends a welcome's body.
func AppendWelcome(dst []byte, w *Welcome) []byte {
	dst = appendU16(dst, w.Protocol)
	dst = appendU32(dst, w.NodeID)
	dst = appendU32(dst, w.MaxMessage)
	return appendU32(dst, w.MaxQueue)
}

// DecodeWelcome reads a welcome.
func DecodeWelcome(src []byte, w *Welcome) bool {
	r := reader{b: src}
	*w = Welcome{Protocol: r.u16(), NodeID: r.u32(), MaxMessage: r.u32(), MaxQueue: r.u32()}
	return r.end()
}

// SocketName splits the name of a socket as the user gives it into the name
// proper and whether it is an abstract one. It is false for a name that is
// empty, too long, or holds a zero byte.
func SocketName(s string) (name string, abstract, ok bool) {
	if len(s) > 0 && s[0] == '@' {
		s, abstract = s[1:], true
	}
	if len(s) == 0 || len(s) > MaxSocketName {
		return "", abstract, false
	}
	for i := 0; i < len(s); i++ {
		if s[i] == 0 {
			return "", abstract, false
		}
	}
	return s, abstract, true
}

var errorNames = [...]string{
	OK: "OK", ErrLibrary: "LIBRARY", ErrVersion: "VERSION", ErrInit: "INIT", ErrTimeout: "TIMEOUT",
	ErrTryAgain: "TRY_AGAIN", ErrInvalidParam: "INVALID_PARAM", ErrNoMemory: "NO_MEMORY",
	ErrBadHandle: "BAD_HANDLE", ErrBusy: "BUSY", ErrAccess: "ACCESS", ErrNotExist: "NOT_EXIST",
	ErrNameTooLong: "NAME_TOO_LONG", ErrExist: "EXIST", ErrNoSpace: "NO_SPACE",
	ErrInterrupt: "INTERRUPT", ErrNameNotFound: "NAME_NOT_FOUND", ErrNoResources: "NO_RESOURCES",
	ErrNotSupported: "NOT_SUPPORTED", ErrBadOperation: "BAD_OPERATION", ErrFailedOp: "FAILED_OPERATION",
	ErrMessage: "MESSAGE_ERROR", ErrQueueFull: "QUEUE_FULL", ErrQueueNotAvail: "QUEUE_NOT_AVAILABLE",
	ErrBadFlags: "BAD_FLAGS", ErrTooBig: "TOO_BIG", ErrNoSections: "NO_SECTIONS", ErrSecurity: "SECURITY",
}

// ErrorString is an error's name without its SA_AIS_ERR_ prefix, "error N" for a
// number that has none.
func ErrorString(e Error) string {
	if e == ErrTooManyGroups {
		return "TOO_MANY_GROUPS"
	}
	if uint64(e) < uint64(len(errorNames)) && errorNames[e] != "" {
		return errorNames[e]
	}
	var buf [10]byte
	i := len(buf)
	for n := uint32(e); ; n /= 10 {
		i--
		buf[i] = '0' + byte(n%10)
		if n < 10 {
			break
		}
	}
	return "error " + string(buf[i:])
}

// String is ErrorString.
func (e Error) String() string { return ErrorString(e) }
