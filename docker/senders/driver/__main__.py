"""python3 -m driver play SENDER [STAND-IN] | table < ROWS | self-test FOLDER | kills COUNT | readme SENDER | systemd SENDER"""

import sys

from . import kills, play, readme, systemd, table

match sys.argv[1:]:
    case ["play", sender, *stand_in]:
        play.main(sender, *stand_in)
    case ["table"]:
        sys.exit(table.main())
    case ["self-test", folder]:
        sys.exit(table.self_test(folder))
    case ["kills", count]:
        sys.exit(kills.main(int(count)))
    case ["readme", sender]:
        readme.main(sender)
    case ["systemd", sender]:
        systemd.main(sender)
    case _:
        sys.exit(__doc__)
