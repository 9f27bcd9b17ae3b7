// Uses a gateway as the Go client of InfluxDB 1.x does with credentials: as an administrator, as a user, and with wrong ones.
package main

import (
	"fmt"
	"os"
	"time"

	client "github.com/influxdata/influxdb1-client/v2"
)

func check(err error) {
	if err != nil {
		fmt.Println("failed:", err)
		os.Exit(1)
	}
}

func login(name, password string) client.Client {
	c, err := client.NewHTTPClient(client.HTTPConfig{
		Addr: os.Args[1], Username: name, Password: password, Timeout: 20 * time.Second,
	})
	check(err)
	return c
}

func ask(c client.Client, text string) []client.Result {
	response, err := c.Query(client.NewQuery(text, "x", "ns"))
	if err == nil {
		err = response.Error()
	}
	if err != nil {
		fmt.Println("refused:", err)
		return nil
	}
	return response.Results
}

func write(c client.Client) {
	points, err := client.NewBatchPoints(client.BatchPointsConfig{Database: "x"})
	check(err)
	point, err := client.NewPoint("m", nil, map[string]interface{}{"v": 1.5}, time.Now())
	check(err)
	points.AddPoint(point)
	if err := c.Write(points); err != nil {
		fmt.Println("write refused:", err)
	}
}

func main() {
	admin := login("root", "r00t")
	ask(admin, "CREATE DATABASE x")
	ask(admin, "CREATE USER go WITH PASSWORD 'p:ä s'")
	ask(admin, "GRANT ALL ON x TO go")
	user := login("go", "p:ä s")
	write(user)
	fmt.Println(ask(user, "SELECT v FROM m")[0].Series[0].Values[0][1])
	ask(user, "CREATE DATABASE y")
	stranger := login("go", "wrong")
	ask(stranger, "SELECT v FROM m")
	write(stranger)
	ask(login("", ""), "SELECT v FROM m")
	fmt.Println(ask(admin, "SHOW USERS")[0].Series[0].Values)
}
