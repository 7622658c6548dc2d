// Command aisexec is the executive: one process on each node, in the foreground.
// This directory only wires the rooms of exec together, and to the outside
// (flags, signals, service manager, log); what they do is theirs.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"ais/exec/amf/proc"
	"ais/exec/config"
	"ais/libais/ipcwire"
)

// version is what --version and aisctl status say.
const version = "0.1"

const (
	defaultConfDir  = "/etc/ais"
	defaultStateDir = "/var/lib/ais"
)

// options are the command line.
type options struct {
	confDir, stateDir string
	checkConfig       bool
	foreground        bool
	reference         bool
	readyFD           int
}

func main() {
	if proc.Asked(os.Args) { // this process is an executive's keeper
		os.Exit(proc.Keep(os.Args))
	}
	if err := command().Execute(); err != nil {
		fmt.Fprintln(os.Stderr, indent("aisexec: ", err.Error()))
		os.Exit(1)
	}
}

// indent repeats the program's name on every line: a report of several problems
// is several lines.
func indent(name, text string) string {
	return name + strings.ReplaceAll(text, "\n", "\n"+name)
}

func command() *cobra.Command {
	var o options
	c := &cobra.Command{
		Use:   "aisexec",
		Short: "The AIS executive",
		Long: `aisexec is the executive of one node. It reads DIR/network.conf, DIR/authkey and
DIR/uidgid.d, joins the ring with the executives of the other nodes, and serves
the programs of this node at the socket that AIS_SOCKET names (a path, or @name;
default ` + ipcwire.DefaultSocket + `). It stays in the foreground and logs to standard error.

Signals:
  SIGTERM, SIGINT  leave the ring at once and end; exit code 0
  SIGHUP           read the keys again (authkey, authkey.next, authkey.old)
  SIGUSR1          write the flight recorder to standard error (see aisctl trace)

Exit codes: 0 ended by SIGTERM or SIGINT; 1 otherwise.`,
		Version:       version,
		Args:          cobra.NoArgs,
		SilenceUsage:  true,
		SilenceErrors: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return start(o, cmd.OutOrStdout())
		},
	}
	f := c.Flags()
	f.StringVar(&o.confDir, "confdir", defaultConfDir, "directory of the configuration")
	f.StringVar(&o.stateDir, "statedir", "", "directory of what is remembered between starts (default "+defaultStateDir+", or DIR/state of another confdir)")
	f.BoolVar(&o.checkConfig, "check-config", false, "only check the configuration")
	f.BoolVar(&o.foreground, "foreground", true, "stay in the foreground; there is no other mode")
	f.BoolVar(&o.reference, "reference", false, "only print the table of all keys of network.conf")
	f.IntVar(&o.readyFD, "ready-fd", -1, "write a line to this descriptor and close it when clients can connect")
	c.CompletionOptions.DisableDefaultCmd = true
	return c
}

// settings are everything that was read before anything was started.
type settings struct {
	options
	net     *config.Network
	self    config.Self
	keys    []config.Key
	access  config.Access
	account account
	amf     framework
}

func start(o options, out io.Writer) error {
	if o.reference {
		_, err := io.WriteString(out, config.Reference())
		return err
	}
	if !o.foreground {
		return errors.New("--foreground=false: there is no other mode; let a service manager, or a shell's '&', put it into the background")
	}
	s, err := read(o)
	if err != nil {
		return err
	}
	if o.checkConfig {
		_, err := fmt.Fprintf(out, "%s: good: %s, node %d at %v, %v, %s\n", s.confDir, s.self.Name, s.self.NodeID, s.self.Address, s.net.Transport, s.security())
		return err
	}
	w := newAsyncWriter(os.Stderr)
	defer w.close()
	log := newLog(w, s.net.Debug, s.net.Secauth)
	if !s.net.Secauth {
		log.Warn("packets are NEITHER ENCRYPTED NOR AUTHENTICATED: whoever reaches the port can read and change everything")
	}
	return run(s, log, w)
}

func (s *settings) security() string {
	if s.net.Secauth {
		return "encrypted"
	}
	return "NOT encrypted"
}

// read reads the configuration; every problem is in the error.
func read(o options) (*settings, error) {
	s := &settings{options: o}
	if s.stateDir == "" {
		s.stateDir = defaultStateDir
		if filepath.Clean(s.confDir) != defaultConfDir {
			s.stateDir = filepath.Join(s.confDir, "state")
		}
	}
	var errs []error
	var err error
	if s.net, err = config.Load(s.confDir); err != nil {
		errs = append(errs, err)
	} else if s.self, err = s.net.Resolve(); err != nil {
		errs = append(errs, fmt.Errorf("%s: %w", filepath.Join(s.confDir, "network.conf"), err))
	}
	// The keys are looked at unless a readable configuration says that there is
	// no need of them.
	if s.net != nil {
		s.account = lookUpAccount(s.net.User, s.net.Group)
	}
	if s.net == nil || s.net.Secauth {
		if s.keys, err = s.readKeys(); err != nil {
			errs = append(errs, err)
		}
	}
	if s.access, err = config.LoadAccess(s.confDir, config.SystemNames()); err != nil {
		errs = append(errs, err)
	}
	s.readFramework()
	if s.amf.wrong != nil && (s.checkConfig || len(errs) > 0) {
		errs = append(errs, s.amf.wrong)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	return s, nil
}

// readKeys reads the key ring.
func (s *settings) readKeys() ([]config.Key, error) {
	if s.account.haveUser {
		return config.ReadKeys(s.confDir, s.account.uid)
	}
	return config.ReadKeys(s.confDir)
}
