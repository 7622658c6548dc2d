/* <openais/saAmf.h> in the source tree; an installation has the header itself here. */
#include "../saAmf.h"
