package report

// CkptRequest asks for checkpoints (neither Name nor Lost), for the sections of
// one (Name), or for what merges discarded (Lost). After is Next of the page before.
type CkptRequest struct {
	Name  []byte `json:"name,omitempty"`
	Lost  bool   `json:"lost,omitempty"`
	After string `json:"after,omitempty"`
}

// CkptPage is the answer to a CkptRequest; fields are only added. Names and ids are
// bytes, so they are base64 in JSON.
type CkptPage struct {
	Checkpoints []Ckpt        `json:"checkpoints,omitempty"`
	Sections    []CkptSection `json:"sections,omitempty"`
	Lost        []CkptLoss    `json:"lost,omitempty"`
	LostCount   uint64        `json:"lost_count,omitempty"` // all, not only the last that are kept
	Memory      CkptMemory    `json:"memory"`
	Disk        CkptDisk      `json:"disk"`
	Next        string        `json:"next,omitempty"` // empty: this was the last page
}

// CkptMemory is memory as it is counted, in bytes.
type CkptMemory struct {
	Used  int64 `json:"used"`
	Limit int64 `json:"limit"`
	Each  int64 `json:"each"` // data of one checkpoint, at most
}

// CkptDisk is the saving of checkpoints on this node.
type CkptDisk struct {
	On       bool   `json:"on"`
	Unsaved  bool   `json:"unsaved"` // something changed since the last save
	Failing  bool   `json:"failing"`
	Saves    uint64 `json:"saves"`
	Failures uint64 `json:"failures"`
	Restored uint64 `json:"restored"` // checkpoints found at the start
	Damaged  uint64 `json:"damaged"`  // files that were torn or damaged at the start
}

// CkptOpener is how many handles a node has.
type CkptOpener struct {
	Node    uint32 `json:"node"`
	Handles int    `json:"handles"`
}

// Ckpt is a checkpoint.
type Ckpt struct {
	Name             []byte       `json:"name"`
	ID               string       `json:"id"`
	Flags            uint32       `json:"flags"`
	Size             uint64       `json:"size"`
	RetentionNS      int64        `json:"retention_ns"` // 1<<63-1: for ever
	LeftNS           int64        `json:"left_ns"`      // of the retention; -1: it does not run
	MaxSections      uint32       `json:"max_sections"`
	MaxSectionSize   uint64       `json:"max_section_size"`
	MaxSectionIDSize uint64       `json:"max_section_id_size"`
	Unlinked         bool         `json:"unlinked,omitempty"`
	Sections         int          `json:"sections"`
	Bytes            uint64       `json:"bytes"`
	Active           uint32       `json:"active,omitempty"` // node with the active replica, of a collocated one
	Openers          []CkptOpener `json:"openers,omitempty"`
	Whole            []uint32     `json:"whole"`             // nodes that have it whole
	Partial          []uint32     `json:"partial,omitempty"` // nodes that have it in part so far
}

// CkptSection is a section.
type CkptSection struct {
	ID         []byte   `json:"id"`
	Size       int      `json:"size"`
	Expiration int64    `json:"expiration"` // nanoseconds since 1970; 1<<63-1: never
	Updated    int64    `json:"updated"`
	Writer     uint32   `json:"writer"`
	Whole      []uint32 `json:"whole,omitempty"` // nodes that have it; none named: all
	Digest     string   `json:"digest,omitempty"`
}

// CkptLoss is a change that a merge of partitions discarded.
type CkptLoss struct {
	Kind       string   `json:"kind"`
	Checkpoint []byte   `json:"checkpoint"`
	Section    []byte   `json:"section,omitempty"`
	Node       uint32   `json:"node,omitempty"` // who wrote
	Updated    int64    `json:"updated,omitempty"`
	Members    []uint32 `json:"members"` // of the partition whose change it was
	Returned   bool     `json:"returned,omitempty"`
}
